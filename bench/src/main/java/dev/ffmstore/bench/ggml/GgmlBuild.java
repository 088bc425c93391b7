package dev.ffmstore.bench.ggml;

import dev.ffmstore.cli.report.Machine;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// ggml's `libggml-base.so`, compiled once by pip from the source package `llama-cpp-python`, and kept in the
/// user's cache folder from one build of this project to the next.
///
/// ```java
/// Path library = GgmlBuild.of(GgmlVariant.SHIPPED).library();
/// ```
///
/// The package's own build is used, including its compiler flags, but told to stop when this library is done: a
/// minute instead of five. Other pins or flags, or for the native variant another processor, give another folder.
/// The build needs Python 3.9 or newer with venv, a C and a C++ compiler, and pip as it is configured.
public final class GgmlBuild {
    private static final String PYTHON = "python3";
    private static final String LIBRARY = System.mapLibraryName("ggml-base");
    private static final int LINES_OF_A_FAILURE = 60;

    /// The package that is compiled, and how far: a requirement with settings of its own, since pip does not give
    /// those of its command line to packages that a file names.
    private static final String PACKAGE = "llama-cpp-python==0.3.36"
            + " --hash=sha256:832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e"
            + " --config-settings=build.targets=ggml-base --config-settings=install.components=none";

    /// The pip that compiles the package; cmake and ninja are taken from the system if it has them.
    private static final String PIP = "pip==25.2";

    private static final String TOOLS = """
            scikit-build-core==1.1.2
            packaging==26.3
            pathspec==1.1.1
            cmake==4.1.2
            ninja==1.13.0
            """;

    /// The arguments of pip, without a cache: pip does not see that a wheel was compiled with other flags.
    private static final List<String> ARGUMENTS =
            List.of("--no-cache-dir", "--no-deps", "--no-binary=llama-cpp-python");

    private final GgmlVariant variant;

    private GgmlBuild(GgmlVariant variant) {
        this.variant = variant;
    }

    /// {@return the build of a variant, which has not started yet}
    public static GgmlBuild of(GgmlVariant variant) {
        return new GgmlBuild(variant);
    }

    /// {@return the library if it has been built, or is named by the system property `ffmstore.ggml-shipped` or
    /// `ffmstore.ggml-native`}
    public Optional<Path> find() {
        String named = System.getProperty("ffmstore." + variant.label());
        Path library = named != null ? Path.of(named) : folder().resolve(LIBRARY);
        return Optional.of(library).filter(Files::isRegularFile);
    }

    /// {@return the library, built now if it does not exist}
    ///
    /// @throws IOException if the library cannot be built, with the end of what pip printed
    Path library() throws IOException {
        Optional<Path> found = find();
        return found.isPresent() ? found.get() : build();
    }

    private Path folder() {
        String machine = variant == GgmlVariant.NATIVE ? Machine.current().processor() : "";
        String key = String.join(
                "\n",
                PACKAGE,
                PIP,
                TOOLS,
                ARGUMENTS.toString(),
                variant.compilerFlags(),
                machine,
                System.getProperty("os.arch"));
        return cache().resolve(variant.label() + "-" + sha256(key).substring(0, 16));
    }

    private static Path cache() {
        Path xdg = Path.of(System.getenv().getOrDefault("XDG_CACHE_HOME", ""));
        return (xdg.isAbsolute() ? xdg : Path.of(System.getProperty("user.home"), ".cache")).resolve("ffm-store");
    }

    /// Builds under a temporary name, one process at a time, then renames: so what is in the cache is complete.
    private Path build() throws IOException {
        Path folder = folder();
        Files.createDirectories(folder.getParent());
        try (FileChannel channel =
                        FileChannel.open(beside(folder, ".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock _ = channel.lock()) {
            if (!Files.exists(folder)) { // another process may have built it while this one waited
                System.err.println("building " + folder);
                Path unfinished = beside(folder, ".tmp");
                Path workshop = Files.createTempDirectory("ffm-store-ggml");
                try {
                    Path compiled = compile(workshop);
                    delete(unfinished);
                    Files.createDirectory(unfinished);
                    Files.copy(compiled, unfinished.resolve(LIBRARY));
                    Files.move(unfinished, folder, StandardCopyOption.ATOMIC_MOVE);
                } finally {
                    delete(workshop);
                }
            }
        }
        return folder.resolve(LIBRARY);
    }

    private static Path beside(Path folder, String suffix) {
        return folder.resolveSibling("." + folder.getFileName() + suffix);
    }

    /// {@return the library in the build tree that pip leaves behind; the wheel itself is empty}
    private Path compile(Path workshop) throws IOException {
        Path python = workshop.resolve("venv/bin/python");
        Path build = workshop.resolve("build");
        run(workshop, List.of(PYTHON, "-m", "venv", workshop.resolve("venv").toString()));
        run(workshop, List.of(python.toString(), "-m", "pip", "install", "--quiet", PIP));
        List<String> wheel = new ArrayList<>(List.of(python.toString(), "-m", "pip", "wheel"));
        wheel.addAll(ARGUMENTS);
        wheel.add("--wheel-dir=" + workshop.resolve("wheel"));
        String requirement = PACKAGE + " --config-settings=build-dir=" + build + "\n";
        wheel.add("--requirement=" + Files.writeString(workshop.resolve("package.txt"), requirement));
        run(workshop, wheel);
        return build.resolve("bin").resolve(LIBRARY);
    }

    private void run(Path workshop, List<String> line) throws IOException {
        Path log = workshop.resolve("log");
        ProcessBuilder builder = new ProcessBuilder(line)
                .directory(workshop.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile());
        builder.environment().put("CFLAGS", variant.compilerFlags());
        builder.environment().put("CXXFLAGS", variant.compilerFlags());
        builder.environment().remove("CMAKE_ARGS");
        builder.environment()
                .put(
                        "PIP_CONSTRAINT",
                        Files.writeString(workshop.resolve("tools.txt"), TOOLS).toString());
        Process process = builder.start();
        try {
            process.getOutputStream().close();
            if (process.waitFor() != 0) {
                List<String> printed = Files.readAllLines(log, StandardCharsets.UTF_8);
                throw new IOException("exit status " + process.exitValue() + " of " + String.join(" ", line) + "\n"
                        + String.join(
                                "\n",
                                printed.subList(Math.max(0, printed.size() - LINES_OF_A_FAILURE), printed.size())));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while running " + String.join(" ", line));
        } finally {
            process.destroy();
        }
    }

    private static void delete(Path path) throws IOException {
        if (!Files.exists(path)) {
            return;
        }
        List<Path> deepestFirst;
        try (Stream<Path> all = Files.walk(path)) {
            deepestFirst = all.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path each : deepestFirst) {
            Files.delete(each);
        }
    }

    private static String sha256(String text) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every JDK has it
        }
    }
}
