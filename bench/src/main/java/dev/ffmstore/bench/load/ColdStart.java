package dev.ffmstore.bench.load;

import com.fasterxml.jackson.core.JsonGenerator;
import com.github.freva.asciitable.AsciiTable;
import dev.ffmstore.Model;
import dev.ffmstore.TensorForm;
import dev.ffmstore.TensorPlan;
import dev.ffmstore.bench.peers.Peer;
import dev.ffmstore.bench.peers.PeerChild;
import dev.ffmstore.bench.run.ChildJvm;
import dev.ffmstore.bench.run.ChildRun;
import dev.ffmstore.bench.run.FreshMemory;
import dev.ffmstore.bench.run.Json;
import dev.ffmstore.bench.run.JsonReport;
import dev.ffmstore.bench.run.Median;
import dev.ffmstore.bench.run.Progress;
import dev.ffmstore.cli.report.Machine;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.ToDoubleFunction;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// Measures how long the whole process of `ffm-store load` takes.
///
/// ```text
/// java -jar bench/target/benchmarks.jar cold-start --model model.gguf --repeat 9
/// ```
///
/// The clock runs from the start of the launcher to its exit. The first pass is what the command itself reports;
/// the steady one comes from a JVM that loads several times. Decoders take turns. With `--uncached`, some more
/// processes start with the model dropped from the page cache.
@Command(name = "cold-start", description = "How long does ffm-store load take, from exec to exit?")
public final class ColdStart implements Callable<Integer> {
    private static final Duration LIMIT = Duration.ofSeconds(120);

    /// What is compared, by the value of `--decoder`.
    private enum Decoder {
        VECTOR(Peer.OURS),
        SCALAR(Peer.OURS_SCALAR);

        private final Peer peer;

        Decoder(Peer peer) {
            this.peer = peer;
        }

        private String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    @Option(names = "--model", required = true, description = "A GGUF file.")
    private Path model = Path.of("");

    @Option(names = "--repeat", defaultValue = "9", description = "Processes each (default: ${DEFAULT-VALUE}).")
    private int repeat;

    @Option(
            names = "--uncached",
            defaultValue = "3",
            description = "Processes each whose model is not in the page cache (default: ${DEFAULT-VALUE}); takes"
                    + " GNU dd.")
    private int uncached;

    @Option(names = "--threads", defaultValue = "2", description = "Workers (default: ${DEFAULT-VALUE}).")
    private int threads;

    @Option(
            names = "--launcher",
            defaultValue = "ffm-store/target/ffm-store/bin/ffm-store",
            description = "The command (default: ${DEFAULT-VALUE}).")
    private Path launcher = Path.of("");

    @Option(names = "--json", description = "Print one JSON object and nothing else.")
    private boolean json;

    @Spec
    private CommandSpec command = CommandSpec.create();

    private long regionBytes;

    /// The result of a process.
    private record Start(Decoder decoder, boolean cached, double processSeconds, double passSeconds) {}

    @Override
    public Integer call() throws Exception {
        if (repeat < 1 || uncached < 0 || !Files.isExecutable(launcher)) {
            throw new ParameterException(
                    command.commandLine(),
                    "expected --repeat of 1 or more and an executable --launcher, got " + repeat + " and " + launcher);
        }
        try (Model opened = Model.open(model)) {
            regionBytes = TensorPlan.of(opened, TensorForm.dense()).regionBytes();
        }
        List<Start> starts = new ArrayList<>();
        readOnce();
        for (int i = 0; i < repeat; i++) {
            for (Decoder decoder : Decoder.values()) {
                Progress.say("cold start " + (i + 1) + "/" + repeat + ", " + decoder.label());
                starts.add(start(decoder, true));
            }
        }
        for (int i = 0; i < uncached; i++) {
            for (Decoder decoder : Decoder.values()) {
                Progress.say("cold start, page cache cold " + (i + 1) + "/" + uncached + ", " + decoder.label());
                dropFromPageCache();
                starts.add(start(decoder, false));
            }
        }
        readOnce();
        Map<Decoder, Double> steady = new EnumMap<>(Decoder.class);
        for (Decoder decoder : Decoder.values()) {
            Progress.say("steady passes, " + decoder.label());
            steady.put(decoder, steadySeconds(decoder));
        }
        PrintWriter out = command.commandLine().getOut();
        if (json) {
            JsonReport.print(out, generator -> write(generator, starts, steady));
        } else {
            print(out, starts, steady);
        }
        return 0;
    }

    private Start start(Decoder decoder, boolean cached) throws Exception {
        ProcessBuilder process = new ProcessBuilder(
                launcher.toString(),
                "load",
                "--json",
                "--threads",
                Integer.toString(threads),
                "--decoder",
                decoder.label(),
                model.toString());
        process.environment().put("JAVA_HOME", System.getProperty("java.home"));
        process.environment().remove("FFM_STORE_OPTS");
        FreshMemory.claim(regionBytes);
        ChildRun run = ChildRun.of(process, LIMIT);
        requirePassed(run);
        return new Start(decoder, cached, run.seconds(), Json.parse(run.out()).number("seconds"));
    }

    private double steadySeconds(Decoder decoder) throws IOException, InterruptedException {
        ChildRun run = ChildRun.of(
                new ChildJvm(
                                List.of("-Xmx32m", "-XX:+UseSerialGC"),
                                PeerChild.class,
                                List.of(decoder.peer.name(), model.toString(), Integer.toString(threads), "9"))
                        .process(),
                LIMIT);
        requirePassed(run);
        return Double.parseDouble(run.facts().get("steadySeconds"));
    }

    private static void requirePassed(ChildRun run) {
        if (!run.passed()) {
            throw new IllegalStateException("the process failed: " + run.failure());
        }
    }

    private void readOnce() throws IOException {
        byte[] buffer = new byte[1 << 20];
        try (InputStream in = Files.newInputStream(model)) {
            while (in.read(buffer) >= 0) {
                // read only so that the kernel has it
            }
        }
    }

    /// Makes the kernel drop the file: `dd` passes `nocache` on as posix_fadvise(POSIX_FADV_DONTNEED) for all of
    /// it.
    private void dropFromPageCache() throws IOException, InterruptedException {
        requirePassed(ChildRun.of(new ProcessBuilder("dd", "if=" + model, "iflag=nocache", "count=0"), LIMIT));
    }

    private static Optional<Double> median(
            List<Start> starts, Decoder decoder, boolean cached, ToDoubleFunction<Start> time) {
        List<Double> times = times(starts, decoder, cached, time);
        return times.isEmpty() ? Optional.empty() : Optional.of(Median.of(times));
    }

    private static List<Double> times(
            List<Start> starts, Decoder decoder, boolean cached, ToDoubleFunction<Start> time) {
        return starts.stream()
                .filter(start -> start.decoder == decoder && start.cached == cached)
                .map(time::applyAsDouble)
                .toList();
    }

    private void print(PrintWriter out, List<Start> starts, Map<Decoder, Double> steady) {
        List<String[]> rows = new ArrayList<>();
        for (Decoder decoder : Decoder.values()) {
            for (boolean cached : List.of(true, false)) {
                List<Double> whole = times(starts, decoder, cached, Start::processSeconds);
                if (!whole.isEmpty()) {
                    rows.add(new String[] {
                        decoder.label(),
                        cached ? "warm" : "cold",
                        Integer.toString(whole.size()),
                        String.format(
                                Locale.ROOT,
                                "%.3f (%.3f to %.3f)",
                                Median.of(whole),
                                Collections.min(whole),
                                Collections.max(whole)),
                        String.format(
                                Locale.ROOT, "%.3f", Median.of(times(starts, decoder, cached, Start::passSeconds))),
                        String.format(Locale.ROOT, "%.3f", steady.get(decoder))
                    });
                }
            }
        }
        out.println(AsciiTable.getTable(
                new String[] {"decoder", "page cache", "processes", "exec to exit, s", "first pass, s", "steady, s"},
                rows.toArray(String[][]::new)));
    }

    private void write(JsonGenerator out, List<Start> starts, Map<Decoder, Double> steady) throws IOException {
        out.writeStringField("benchmark", "cold-start");
        out.writeStringField("model", model.getFileName().toString());
        out.writeNumberField("threads", threads);
        out.writeArrayFieldStart("rows");
        for (Decoder decoder : Decoder.values()) {
            for (boolean cached : List.of(true, false)) {
                Optional<Double> whole = median(starts, decoder, cached, Start::processSeconds);
                if (whole.isPresent()) {
                    out.writeStartObject();
                    out.writeStringField("decoder", decoder.label());
                    out.writeStringField("pageCache", cached ? "warm" : "cold");
                    out.writeNumberField("medianProcessSeconds", whole.get());
                    out.writeNumberField(
                            "medianFirstPassSeconds",
                            median(starts, decoder, cached, Start::passSeconds).orElseThrow());
                    out.writeNumberField("steadySeconds", steady.get(decoder));
                    writeTimes(out, "processSeconds", times(starts, decoder, cached, Start::processSeconds));
                    writeTimes(out, "firstPassSeconds", times(starts, decoder, cached, Start::passSeconds));
                    out.writeEndObject();
                }
            }
        }
        out.writeEndArray();
        JsonReport.machine(out, Machine.current());
    }

    private static void writeTimes(JsonGenerator out, String name, List<Double> times) throws IOException {
        out.writeArrayFieldStart(name);
        for (double seconds : times) {
            out.writeNumber(seconds);
        }
        out.writeEndArray();
    }
}
