package dev.ffmstore.export;

import dev.ffmstore.DType;
import dev.ffmstore.fixtures.Tensors;
import dev.ffmstore.formats.Irpa;
import dev.ffmstore.formats.Safetensors;
import java.io.IOException;
import java.nio.file.Path;

/// A program that exports some 40 MB to a file or a folder, not too fast, so that it can be killed meanwhile.
final class ExportChild {
    static final String READY = "ready";

    private ExportChild() {}

    static Tensors source() {
        return new Tensors()
                .add("a", DType.F32, 3_000_001)
                .add("b", DType.F16, 1_000_001)
                .add("c", DType.F32, 6_000_001);
    }

    /// {@return a process that exports}
    static Process start(String kind, Path target) throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-Xmx64m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        ExportChild.class.getName(),
                        kind,
                        target.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    /// @param args `file`, `folder` or a part such as `1/3`, and the target
    public static void main(String[] args) throws IOException {
        Tensors source = source().beforeRead(constant -> pause());
        System.out.println(READY);
        export(source, args[0], Path.of(args[1]));
    }

    static void export(Tensors source, String kind, Path target) throws IOException {
        Exporter exporter = new Exporter(ExportOptions.defaults().threads(2).replace(true));
        if (kind.equals("file")) {
            exporter.write(target, Irpa.layout(source.source()));
        } else if (kind.contains("/")) {
            exporter.writePart(target, Irpa.layout(source.source()), Part.parse(kind));
        } else {
            exporter.writeFolder(target, Safetensors.shards(source.source(), 1));
        }
    }

    private static void pause() {
        try {
            Thread.sleep(10);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
