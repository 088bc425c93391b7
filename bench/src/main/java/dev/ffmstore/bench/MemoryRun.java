package dev.ffmstore.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/// How a load went in a JVM of its own.
///
/// @param jvm the JVM
/// @param failure why it failed, empty if it did not
/// @param facts what [MemoryChild] printed, empty if it failed
record MemoryRun(ChildJvm jvm, String failure, Map<String, String> facts) {
    /// A heap that is all but enough can keep a JVM collecting for very long; that is no pass.
    private static final long LIMIT_SECONDS = 120;

    /// Starts the JVM and waits for its end.
    ///
    /// @throws IOException if it cannot be started
    static MemoryRun of(ChildJvm jvm) throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory("ffm-store-memory");
        Path out = folder.resolve("out");
        Path err = folder.resolve("err");
        try {
            Process process = jvm.process()
                    .redirectOutput(out.toFile())
                    .redirectError(err.toFile())
                    .start();
            String failure = waitFor(process, err);
            return new MemoryRun(jvm, failure, failure.isEmpty() ? facts(Files.readString(out)) : Map.of());
        } finally {
            Files.deleteIfExists(out);
            Files.deleteIfExists(err);
            Files.deleteIfExists(folder);
        }
    }

    private static String waitFor(Process process, Path err) throws IOException, InterruptedException {
        try {
            if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                return "not done after " + LIMIT_SECONDS + " s";
            }
        } finally {
            process.destroyForcibly().waitFor();
        }
        int status = process.exitValue();
        return status == 0 ? "" : "exit status " + status + ": " + complaint(err);
    }

    /// What a JVM said, without the line that the incubator module always makes it say.
    private static String complaint(Path err) throws IOException {
        return new String(Files.readAllBytes(err), StandardCharsets.UTF_8)
                .lines()
                .filter(line -> !line.isBlank() && !line.startsWith("WARNING: Using incubator modules"))
                .limit(5)
                .collect(Collectors.joining("; "));
    }

    private static Map<String, String> facts(String lines) throws IOException {
        Map<String, String> facts = new TreeMap<>();
        lines.lines().map(line -> line.split("=", 2)).forEach(pair -> facts.put(pair[0], pair[1]));
        if (!facts.containsKey("denseBytes")) {
            throw new IOException("the child JVM reported nothing: " + lines);
        }
        return facts;
    }

    /// {@return whether the model was loaded}
    boolean passed() {
        return failure.isEmpty();
    }

    /// {@return a number that was printed, 0 where the kernel does not say}
    long number(String key) {
        return Long.parseLong(facts.getOrDefault(key, "0"));
    }
}
