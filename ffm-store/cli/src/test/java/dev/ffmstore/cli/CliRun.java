package dev.ffmstore.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A command that has been run.
///
/// @param status the exit status
/// @param out what it wrote to standard output
/// @param err what it wrote to standard error
record CliRun(int status, String out, String err) {
    private static final String INCUBATOR_WARNING = "WARNING: Using incubator modules: jdk.incubator.vector";

    /// Runs a command in this process.
    static CliRun of(Object... args) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int status = Main.run(new PrintWriter(out), new PrintWriter(err), words(args));
        return new CliRun(status, out.toString(), err.toString());
    }

    /// Runs a command in a process of its own, with the launcher's flags, or others.
    static CliRun inFreshJvm(List<String> flags, Object... args) throws IOException, InterruptedException {
        return inFreshJvm(Main.class, flags, args);
    }

    /// The launcher's flags.
    static List<String> launcherFlags() {
        return List.of(
                "-Xmx32m",
                "-XX:+UseSerialGC",
                "-XX:-UsePerfData",
                "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-Dstdout.encoding=UTF-8",
                "-Dstderr.encoding=UTF-8");
    }

    static CliRun inFreshJvm(Class<?> main, List<String> flags, Object... args)
            throws IOException, InterruptedException {
        return run(new ProcessBuilder(commandLine(main, flags, args)));
    }

    /// Runs a script whose arguments are a command with the launcher's flags.
    ///
    /// @param folder where it runs
    /// @param script what is done with `"$@"`
    static CliRun inShell(Path folder, String script, Object... args) throws IOException, InterruptedException {
        List<String> line = new ArrayList<>(List.of("sh", "-c", script, "sh"));
        line.addAll(commandLine(Main.class, launcherFlags(), args));
        return run(new ProcessBuilder(line).directory(folder.toFile()));
    }

    private static List<String> commandLine(Class<?> main, List<String> flags, Object... args) {
        List<String> line = new ArrayList<>();
        line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        line.addAll(flags);
        line.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        line.addAll(List.of(words(args)));
        return line;
    }

    private static CliRun run(ProcessBuilder builder) throws IOException, InterruptedException {
        Path out = Files.createTempFile("ffm-store", ".out");
        Path err = Files.createTempFile("ffm-store", ".err");
        try {
            Process process = builder.redirectOutput(out.toFile())
                    .redirectError(err.toFile())
                    .start();
            int status = process.waitFor();
            return new CliRun(status, Files.readString(out), Files.readString(err));
        } finally {
            Files.delete(out);
            Files.delete(err);
        }
    }

    private static String[] words(Object[] args) {
        return List.of(args).stream().map(Object::toString).toArray(String[]::new);
    }

    /// {@return the lines on standard error, without the JVM's own}
    List<String> errorLines() {
        return err.lines().filter(line -> !line.equals(INCUBATOR_WARNING)).toList();
    }

    /// {@return the one object on standard output}
    Map<String, @Nullable Object> json() throws IOException {
        List<Map<String, @Nullable Object>> objects = dev.ffmstore.fixtures.Json.lines(out);
        if (objects.size() != 1) {
            throw new AssertionError("expected one JSON object, got " + objects.size() + ": " + out);
        }
        return objects.getFirst();
    }

    /// {@return a file among the tests' resources}
    static Path resource(String name) {
        try {
            return Path.of(CliRun.class.getResource(name).toURI());
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    /// {@return a small real model}
    static Path tinyModel() {
        return resource("/models/tiny.Q4_K_M.gguf");
    }

    /// {@return what `checksum` is to print of [#tinyModel]}
    static String tinyChecksums() throws IOException {
        StringBuilder lines = new StringBuilder();
        Files.readAllLines(resource("/models/tensor_sha256.tsv"), StandardCharsets.UTF_8).stream()
                .map(line -> line.split("\t"))
                .filter(columns -> columns[0].equals("tiny.Q4_K_M.gguf"))
                .forEach(columns ->
                        lines.append(columns[2]).append("  ").append(columns[1]).append(System.lineSeparator()));
        return lines.toString();
    }
}
