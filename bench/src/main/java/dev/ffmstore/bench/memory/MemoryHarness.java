package dev.ffmstore.bench.memory;

import com.fasterxml.jackson.core.JsonGenerator;
import com.github.freva.asciitable.AsciiTable;
import dev.ffmstore.DecoderChoice;
import dev.ffmstore.bench.run.Bisection;
import dev.ffmstore.bench.run.ChildJvm;
import dev.ffmstore.bench.run.JsonReport;
import dev.ffmstore.cli.report.Machine;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.SequencedMap;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// Measures how much memory a load takes.
///
/// ```text
/// java -jar bench/target/benchmarks.jar memory --model model.gguf --xmx 32m --bisect
/// ```
///
/// Loads the model in a fresh JVM that does nothing else, and reports the heap's peak (the sum of the peaks of its
/// pools), bytes allocated by all threads, collections, and the largest resident set beside the dense size. With
/// `--bisect`, more JVMs follow, to find the smallest `-Xmx` with which the load passes.
@Command(name = "memory", description = "What memory does a load take, in a fresh JVM?")
public final class MemoryHarness implements Callable<Integer> {
    private static final int SMALLEST_MIB = 2;
    private static final int LARGEST_MIB = 64;
    private static final Pattern HEAP_SIZE = Pattern.compile("\\d+[kKmMgG]?");

    /// The sizes that [MemoryChild] prints, and what a table calls them.
    private static final SequencedMap<String, String> FACTS = new LinkedHashMap<>();

    static {
        FACTS.put("heapPeakBytes", "heap peak, sum of the pools");
        FACTS.put("maxHeapBytes", "heap limit as the JVM sees it");
        FACTS.put("allocatedBytes", "allocated by all threads");
        FACTS.put("denseBytes", "dense tensors");
        FACTS.put("rssPeakBytes", "resident peak (VmHWM)");
        FACTS.put("hugePageBytes", "in huge pages (AnonHugePages)");
        FACTS.put("swappedBytes", "swapped out (VmSwap)");
        FACTS.put("pooledHugePageBytes", "from the pool of huge pages (HugetlbPages)");
    }

    /// The collectors to choose from.
    enum Collector {
        SERIAL("-XX:+UseSerialGC"),
        G1("-XX:+UseG1GC"),
        PARALLEL("-XX:+UseParallelGC");

        private final String flag;

        Collector(String flag) {
            this.flag = flag;
        }

        /// {@return the JVM flag}
        String flag() {
            return flag;
        }
    }

    @Option(names = "--model", required = true, description = "A GGUF file.")
    private Path model = Path.of("");

    @Option(names = "--xmx", defaultValue = "32m", description = "The JVM's -Xmx (default: ${DEFAULT-VALUE}).")
    private String xmx = "";

    @Option(names = "--threads", defaultValue = "2", description = "Workers (default: ${DEFAULT-VALUE}).")
    private int threads;

    @Option(
            names = "--decoder",
            defaultValue = "auto",
            description = "auto, vector or scalar (default: ${DEFAULT-VALUE}).")
    private DecoderChoice decoder = DecoderChoice.AUTO;

    @Option(
            names = "--collector",
            defaultValue = "serial",
            description = "serial, g1 or parallel (default: ${DEFAULT-VALUE}).")
    private Collector collector = Collector.SERIAL;

    @Option(
            names = "--bisect",
            description = "Find the smallest -Xmx that passes, from " + SMALLEST_MIB + "m to " + LARGEST_MIB + "m.")
    private boolean bisect;

    @Option(names = "--json", description = "Print one JSON object and nothing else.")
    private boolean json;

    @Spec
    private CommandSpec command = CommandSpec.create();

    /// One step of the bisection.
    private record Trial(int mebibytes, MemoryRun run) {}

    @Override
    public Integer call() throws Exception {
        if (threads < 1 || !HEAP_SIZE.matcher(xmx).matches()) {
            throw new ParameterException(
                    command.commandLine(),
                    "expected --threads of 1 or more and --xmx like 32m, got " + threads + " and " + xmx);
        }
        MemoryRun run = load(xmx);
        List<Trial> trials = new ArrayList<>();
        OptionalInt smallest = bisect ? bisect(trials) : OptionalInt.empty();
        PrintWriter out = command.commandLine().getOut();
        if (json) {
            JsonReport.print(out, generator -> write(generator, run, trials, smallest));
        } else {
            print(out, run, trials, smallest);
        }
        return run.passed() && smallest.isPresent() == bisect ? 0 : 1;
    }

    private OptionalInt bisect(List<Trial> trials) throws Exception {
        return Bisection.smallest(SMALLEST_MIB, LARGEST_MIB, mebibytes -> {
            Trial trial = new Trial(mebibytes, load(mebibytes + "m"));
            trials.add(trial);
            return trial.run.passed();
        });
    }

    private MemoryRun load(String heap) throws IOException, InterruptedException {
        return MemoryRun.of(new ChildJvm(
                List.of("-Xmx" + heap, collector.flag),
                MemoryChild.class,
                List.of(model.toString(), Integer.toString(threads), decoder.name(), MemoryKind.HUGE.name())));
    }

    private void print(PrintWriter out, MemoryRun run, List<Trial> trials, OptionalInt smallest) {
        out.printf("%s, -Xmx%s, %s, %d threads%n", model.getFileName(), xmx, collector, threads);
        if (run.passed()) {
            out.println(AsciiTable.getTable(new String[] {"what", "bytes", "MiB"}, rows(run)));
            out.printf(
                    "%s collections (%s), %s, %s s%n",
                    run.facts().get("collections"),
                    run.facts().get("collectors"),
                    run.facts().get("decoder"),
                    run.facts().get("seconds"));
        } else {
            out.println("failed: " + run.failure());
        }
        for (Trial trial : trials) {
            out.printf("-Xmx%dm: %s%n", trial.mebibytes, trial.run.passed() ? "passes" : trial.run.failure());
        }
        if (bisect) {
            out.println(
                    smallest.isPresent()
                            ? "smallest -Xmx that passes: " + smallest.getAsInt() + "m"
                            : "no -Xmx up to " + LARGEST_MIB + "m passes");
        }
        out.flush();
    }

    /// Returns the facts that are known: what only Linux knows is absent elsewhere.
    private static String[][] rows(MemoryRun run) {
        List<String[]> rows = new ArrayList<>();
        FACTS.forEach((key, label) -> {
            if (run.facts().containsKey(key)) {
                rows.add(row(label, run.number(key)));
            }
        });
        if (run.facts().containsKey("rssPeakBytes")) {
            rows.add(row("resident peak - dense tensors", aboveDense(run)));
        }
        return rows.toArray(String[][]::new);
    }

    private static String[] row(String what, long bytes) {
        double mebibytes = bytes / (double) (1 << 20);
        return new String[] {
            what, String.format(Locale.ROOT, "%,d", bytes), String.format(Locale.ROOT, "%.1f", mebibytes)
        };
    }

    private static long aboveDense(MemoryRun run) {
        return run.number("rssPeakBytes") - run.number("denseBytes");
    }

    private void write(JsonGenerator out, MemoryRun run, List<Trial> trials, OptionalInt smallest) throws IOException {
        out.writeStringField("benchmark", "memory");
        out.writeStringField("model", model.getFileName().toString());
        out.writeStringField("xmx", xmx);
        out.writeNumberField("threads", threads);
        out.writeBooleanField("passed", run.passed());
        if (run.passed()) {
            out.writeNumberField("collections", run.number("collections"));
            for (String key : FACTS.keySet()) {
                if (run.facts().containsKey(key)) {
                    out.writeNumberField(key, run.number(key));
                }
            }
            if (run.facts().containsKey("rssPeakBytes")) {
                out.writeNumberField("rssPeakAboveDenseBytes", aboveDense(run));
            }
            out.writeNumberField("seconds", Double.parseDouble(run.facts().get("seconds")));
            out.writeStringField("decoder", run.facts().get("decoder"));
            out.writeStringField("memory", run.facts().get("memory"));
        } else {
            out.writeStringField("failure", run.failure());
        }
        if (bisect) {
            writeBisection(out, trials, smallest);
        }
        JsonReport.machine(out, machine(run));
    }

    private static void writeBisection(JsonGenerator out, List<Trial> trials, OptionalInt smallest) throws IOException {
        if (smallest.isPresent()) {
            out.writeNumberField("smallestXmxMebibytes", smallest.getAsInt());
        } else {
            out.writeNullField("smallestXmxMebibytes");
        }
        out.writeArrayFieldStart("trials");
        for (Trial trial : trials) {
            out.writeStartObject();
            out.writeNumberField("xmxMebibytes", trial.mebibytes);
            out.writeBooleanField("passed", trial.run.passed());
            if (!trial.run.passed()) {
                out.writeStringField("failure", trial.run.failure());
            }
            out.writeEndObject();
        }
        out.writeEndArray();
    }

    /// Returns this machine, and the JVM that loaded.
    private Machine machine(MemoryRun run) {
        Machine here = Machine.current();
        return new Machine(
                here.os(),
                here.processor(),
                here.processors(),
                here.memoryBytes(),
                here.jvm(),
                run.facts().getOrDefault("collectors", collector.toString()),
                run.jvm().allFlags());
    }
}
