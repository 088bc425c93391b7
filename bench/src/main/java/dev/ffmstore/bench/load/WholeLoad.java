package dev.ffmstore.bench.load;

import dev.ffmstore.DecoderChoice;
import dev.ffmstore.LoadOptions;
import dev.ffmstore.Model;
import dev.ffmstore.TensorForm;
import dev.ffmstore.TensorPlan;
import dev.ffmstore.TensorStore;
import dev.ffmstore.bench.run.Fill;
import dev.ffmstore.bench.run.FreshMemory;
import dev.ffmstore.bench.run.JsonReport;
import dev.ffmstore.bench.run.Regions;
import dev.ffmstore.gguf.Source;
import dev.ffmstore.internal.memory.ProcessMemory;
import dev.ffmstore.internal.memory.Region;
import dev.ffmstore.internal.pass.Pass;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// Measures what share of the machine's limit a load reaches.
///
/// ```text
/// java -jar bench/target/benchmarks.jar whole-load --model model.gguf --repeat 9
/// ```
///
/// The limit is the best of three ways to write the same memory for the first time (see [Fill]). All passes run in
/// one process and take turns, each round starting with another one; each maps the same size anew by the store's
/// own code, with the same threads and the same ranges, and frees it before the next; before each pass,
/// [FreshMemory] makes sure that the memory is the machine's own. The clock runs from the mapping to the last byte
/// written; freeing is not timed. The share is computed within each round; the report gives the median.
///
/// One more pass reads the file as a load does and fills the memory with `memset` instead of decoding: what it
/// reaches is the most that a loader could reach if its decoders took no time.
@Command(name = "whole-load", description = "What share of the machine's limit does a load reach?")
public final class WholeLoad implements Callable<Integer> {
    private static final int WARM_UP_ROUNDS = 2;

    private static final String NO_DECODING = "read, memset";

    /// Which decoders take part.
    enum Decoders {
        VECTOR(List.of(DecoderChoice.VECTOR)),
        SCALAR(List.of(DecoderChoice.SCALAR)),
        BOTH(List.of(DecoderChoice.VECTOR, DecoderChoice.SCALAR));

        private final List<DecoderChoice> choices;

        Decoders(List<DecoderChoice> choices) {
            this.choices = choices;
        }
    }

    @Option(names = "--model", required = true, description = "A GGUF file.")
    private Path model = Path.of("");

    @Option(names = "--repeat", defaultValue = "9", description = "Rounds that count (default: ${DEFAULT-VALUE}).")
    private int repeat;

    @Option(names = "--threads", defaultValue = "2", description = "Workers (default: ${DEFAULT-VALUE}).")
    private int threads;

    @Option(
            names = "--decoder",
            defaultValue = "both",
            description = "vector, scalar or both (default: ${DEFAULT-VALUE}).")
    private Decoders decoders = Decoders.BOTH;

    @Option(names = "--json", description = "Print one JSON object and nothing else.")
    private boolean json;

    @Spec
    private CommandSpec command = CommandSpec.create();

    /// A way to write the model's dense size into fresh memory.
    ///
    /// @param name the name in a report
    private record Way(String name, Body body) {
        @FunctionalInterface
        interface Body {
            Outcome run() throws Exception;
        }
    }

    private record Outcome(double seconds, long byteSize, OptionalLong hugePageBytes) {}

    @Override
    public Integer call() throws Exception {
        if (repeat < 1 || threads < 1) {
            throw new ParameterException(command.commandLine(), "--repeat and --threads: expected 1 or more");
        }
        try (Model opened = Model.open(model)) {
            TensorPlan plan = TensorPlan.of(opened, TensorForm.dense());
            Comparison comparison = compare(passes(opened, plan), plan.regionBytes());
            WholeLoadReport report = new WholeLoadReport(
                    plan,
                    threads,
                    comparison,
                    Stream.concat(decoders.choices.stream().map(WholeLoad::name), Stream.of(NO_DECODING))
                            .toList(),
                    Arrays.stream(Fill.values()).map(Fill::label).toList());
            report.requireShares();
            PrintWriter out = command.commandLine().getOut();
            if (json) {
                JsonReport.print(out, report::write);
            } else {
                report.print(out);
            }
        }
        return 0;
    }

    private List<Way> passes(Model opened, TensorPlan plan) {
        List<Way> passes = new ArrayList<>();
        for (DecoderChoice choice : decoders.choices) {
            LoadOptions options = LoadOptions.defaults().threads(threads).decoder(choice);
            passes.add(new Way(name(choice), () -> load(opened, options)));
        }
        long size = plan.regionBytes();
        passes.add(new Way(
                NO_DECODING, () -> write(size, region -> worker -> new ReadAndFill(opened.source(0), region, worker))));
        for (Fill fill : Fill.values()) {
            passes.add(new Way(fill.label(), () -> write(size, region -> _ -> index -> fill.write(region, index))));
        }
        return passes;
    }

    private static String name(DecoderChoice choice) {
        return "load, " + choice.name().toLowerCase(Locale.ROOT);
    }

    private Comparison compare(List<Way> passes, long regionBytes) throws Exception {
        List<Comparison.Timing> timings = new ArrayList<>();
        List<Way> order = new ArrayList<>(passes);
        for (int round = -WARM_UP_ROUNDS; round < repeat; round++) {
            for (Way pass : order) {
                FreshMemory.claim(regionBytes);
                Outcome outcome = pass.body.run();
                requireOrdinaryMemory(pass);
                if (round >= 0) {
                    timings.add(new Comparison.Timing(
                            round, pass.name, outcome.seconds, outcome.byteSize, outcome.hugePageBytes.orElse(0)));
                }
            }
            Collections.rotate(order, 1);
        }
        return new Comparison(timings);
    }

    private static Outcome load(Model opened, LoadOptions options) throws IOException {
        long start = System.nanoTime();
        try (TensorStore store = TensorStore.load(opened, TensorForm.dense(), options)) {
            double seconds = secondsSince(start);
            return new Outcome(seconds, store.report().denseBytes(), store.hugePageBytes());
        }
    }

    private Outcome write(long byteSize, Function<Region, Pass.TaskFactory> tasks) throws Exception {
        try (Arena arena = Arena.ofShared()) {
            long start = System.nanoTime();
            Region region = Regions.allocate(arena, byteSize);
            try {
                Regions.run(threads, region.rangeCount(), tasks.apply(region));
                double seconds = secondsSince(start);
                return new Outcome(seconds, byteSize, ProcessMemory.hugePageBytes(List.of(region.segment(0))));
            } finally {
                region.release();
            }
        }
    }

    /// A worker that reads a range's share of a file into a buffer like a load's, and fills the range.
    private static final class ReadAndFill implements Pass.Task {
        /// The size of the buffer of the library's readers.
        private static final long INPUT_BYTES = 256 << 10;

        private final Source source;
        private final Region region;
        private final MemorySegment input;

        ReadAndFill(Source source, Region region, Pass.Worker worker) {
            this.source = source;
            this.region = region;
            this.input = worker.arena().allocate(INPUT_BYTES);
        }

        @Override
        public void run(long index) throws IOException {
            long end = from(index + 1);
            for (long from = from(index); from < end; from += input.byteSize()) {
                source.read(from, input.asSlice(0, Math.min(input.byteSize(), end - from)));
            }
            Fill.MEMSET.write(region, index);
        }

        private long from(long index) {
            return (long) ((double) source.size() * index / region.rangeCount());
        }
    }

    private static double secondsSince(long start) {
        return (System.nanoTime() - start) / 1e9;
    }

    /// Refuses memory that was swapped out, or came from a pool of reserved huge pages: the figures would be those
    /// of another machine.
    private static void requireOrdinaryMemory(Way pass) {
        long swapped = ProcessMemory.swappedBytes().orElse(0);
        long pooled = ProcessMemory.pooledHugePageBytes().orElse(0);
        if (swapped != 0 || pooled != 0) {
            throw new IllegalStateException(
                    pass.name + ": expected VmSwap and HugetlbPages of 0, got " + swapped + " and " + pooled);
        }
    }
}
