package dev.ffmstore.bench.run;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// The result of a process.
///
/// @param failure why the process failed, empty if it did not
/// @param out what the process printed to stdout
/// @param seconds how long the process took
/// @param samples the resident set over time; none where the system does not say (any but Linux)
public record ChildRun(String failure, String out, double seconds, List<Sample> samples) {
    private static final long SAMPLE_MILLIS = 50;

    /// The resident set at one moment.
    ///
    /// @param seconds the time since the process was started
    /// @param residentBytes the resident set in bytes (VmRSS)
    public record Sample(double seconds, long residentBytes) {}

    /// Starts a process and waits until it ends.
    ///
    /// @param builder the process, whose output is kept in files meanwhile
    /// @param limit the time after which the process is ended, which is a failure
    /// @throws IOException if the process cannot be started
    public static ChildRun of(ProcessBuilder builder, Duration limit) throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory("ffm-store-child");
        Path out = folder.resolve("out");
        Path err = folder.resolve("err");
        try {
            builder.redirectOutput(out.toFile()).redirectError(err.toFile());
            long start = System.nanoTime();
            Process process = builder.start();
            List<Sample> samples = new ArrayList<>();
            boolean ended = false;
            double seconds;
            try {
                do {
                    ended = process.waitFor(SAMPLE_MILLIS, TimeUnit.MILLISECONDS);
                    seconds = (System.nanoTime() - start) / 1e9;
                    OptionalLong resident = ended ? OptionalLong.empty() : residentBytes(process);
                    if (resident.isPresent()) {
                        samples.add(new Sample(seconds, resident.getAsLong()));
                    }
                } while (!ended && seconds < limit.toSeconds());
            } finally {
                process.destroyForcibly().waitFor();
            }
            String failure =
                    ended ? failure(process.exitValue(), err, out) : "not done after " + limit.toSeconds() + " s";
            return new ChildRun(failure, Files.readString(out), seconds, List.copyOf(samples));
        } finally {
            Files.deleteIfExists(out);
            Files.deleteIfExists(err);
            Files.deleteIfExists(folder);
        }
    }

    private static OptionalLong residentBytes(Process process) {
        Path status = Path.of("/proc/" + process.pid() + "/status");
        try (Stream<String> lines = Files.lines(status, StandardCharsets.ISO_8859_1)) {
            return lines.filter(line -> line.startsWith("VmRSS:"))
                    .mapToLong(line -> Long.parseLong(line.split("\\s+")[1]) * 1024)
                    .findFirst();
        } catch (IOException | java.io.UncheckedIOException gone) {
            return OptionalLong.empty();
        }
    }

    private static String failure(int status, Path err, Path out) throws IOException {
        return status == 0 ? "" : "exit status " + status + ": " + complaint(err, out);
    }

    /// Returns what a process said on stderr, or on stdout if a JVM did not even start. The line that a JVM always
    /// prints about the incubator module is no complaint.
    private static String complaint(Path err, Path out) throws IOException {
        String said = Files.readString(err) + Files.readString(out);
        return said.lines()
                .filter(line -> !line.isBlank() && !line.startsWith("WARNING: Using incubator modules"))
                .limit(5)
                .collect(Collectors.joining("; "));
    }

    /// {@return whether the process ended by itself, with status 0}
    public boolean passed() {
        return failure.isEmpty();
    }

    /// {@return what the process printed as lines of `key=value`}
    ///
    /// @throws IOException if there is no `denseBytes`, so that nothing was reported
    public Map<String, String> facts() throws IOException {
        Map<String, String> facts = new TreeMap<>();
        out.lines()
                .map(line -> line.split("=", 2))
                .filter(pair -> pair.length == 2)
                .forEach(pair -> facts.put(pair[0], pair[1]));
        if (!facts.containsKey("denseBytes")) {
            throw new IOException("the process reported nothing: " + out);
        }
        return facts;
    }
}
