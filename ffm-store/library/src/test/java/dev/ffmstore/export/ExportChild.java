package dev.ffmstore.export;

import dev.ffmstore.DType;
import dev.ffmstore.formats.Irpa;
import dev.ffmstore.formats.Safetensors;
import java.io.IOException;
import java.nio.file.Path;

/// A program that exports some 40 MB to a file or a folder, not too fast, so that it can be killed meanwhile.
final class ExportChild {
    static final String READY = "ready";

    private ExportChild() {}

    static TestConstants source() {
        return new TestConstants()
                .add("a", DType.F32, 3_000_001)
                .add("b", DType.F16, 1_000_001)
                .add("c", DType.F32, 6_000_001);
    }

    /// @param args `file` or `folder`, and the target
    public static void main(String[] args) throws IOException {
        TestConstants source = source().beforeRead(constant -> pause());
        System.out.println(READY);
        export(source, args[0], Path.of(args[1]));
    }

    static void export(TestConstants source, String kind, Path target) throws IOException {
        Exporter exporter =
                new Exporter(source, ExportOptions.defaults().threads(2).replace(true));
        if (kind.equals("file")) {
            exporter.write(target, Irpa.layout(source));
        } else {
            exporter.writeFolder(target, Safetensors.shards(source, 1));
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
