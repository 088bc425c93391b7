package dev.ffmstore.bench.peers;

import com.fasterxml.jackson.core.JsonGenerator;
import com.github.freva.asciitable.AsciiTable;
import dev.ffmstore.Model;
import dev.ffmstore.TensorForm;
import dev.ffmstore.TensorPlan;
import dev.ffmstore.bench.run.Bisection;
import dev.ffmstore.bench.run.ChildJvm;
import dev.ffmstore.bench.run.ChildRun;
import dev.ffmstore.bench.run.FreshMemory;
import dev.ffmstore.bench.run.JsonReport;
import dev.ffmstore.bench.run.Progress;
import dev.ffmstore.bench.run.SyntheticModel;
import dev.ffmstore.cli.report.Machine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// Measures how other ways to load a model do.
///
/// ```text
/// java -jar bench/target/benchmarks.jar peers --model model.gguf
/// ```
///
/// Each [Peer] loads the model in a fresh JVM with the largest heap that it is given, then in more JVMs, to find
/// the smallest `-Xmx` with which it passes; gguf-py is a process. One process runs at a time. The boxed loader
/// gets a small model of the same shapes, so that it ends, and so do the peers that it is compared with.
@Command(name = "peers", description = "How do other ways to load a model do, each in a fresh JVM?")
public final class Peers implements Callable<Integer> {
    /// The time after which a load has failed: with a heap that is barely too small, a JVM can collect for very
    /// long.
    private static final Duration LIMIT = Duration.ofSeconds(60);

    /// The peers that load the small model.
    private static final List<Peer> SMALL_PEERS = List.of(Peer.OURS, Peer.FLOAT_ARRAYS, Peer.BOXED);

    @Option(names = "--model", required = true, description = "A GGUF file of F32, Q4_K and Q6_K.")
    private Path model = Path.of("");

    @Option(names = "--threads", defaultValue = "2", description = "Workers (default: ${DEFAULT-VALUE}).")
    private int threads;

    @Option(names = "--peer", split = ",", description = "Only these (default: all): ${COMPLETION-CANDIDATES}.")
    private List<Peer> only = List.of(Peer.values());

    @Option(names = "--python", description = "A Python that has gguf; by default the one the interop suite made.")
    private @Nullable Path python;

    @Option(names = "--no-python", description = "Leave gguf-py out.")
    private boolean noPython;

    @Option(names = "--small-layers", defaultValue = "1", description = "Of the small model (default: 1).")
    private int smallLayers;

    @Option(names = "--small-words", defaultValue = "3200", description = "Of the small model (default: 3200).")
    private int smallWords;

    @Option(names = "--no-bisect", description = "Do not look for the smallest -Xmx.")
    private boolean noBisect;

    @Option(names = "--json", description = "Print one JSON object and nothing else.")
    private boolean json;

    @Spec
    private CommandSpec command = CommandSpec.create();

    /// The result of a peer.
    ///
    /// @param peer the name of the peer
    /// @param model the name of the model that it loaded
    /// @param heap the heap of `run`, as `-Xmx64m -XX:+UseSerialGC`, or that there is none
    /// @param run the load with that heap
    /// @param smallest the smallest heap that passed, in mebibytes
    /// @param tight the load with the smallest heap
    /// @param samples the memory over time of a process that loads once, with the heap of `run`
    private record Row(
            String peer,
            Subject model,
            String heap,
            ChildRun run,
            OptionalInt smallest,
            Optional<ChildRun> tight,
            List<ChildRun.Sample> samples) {}

    /// A model that is loaded.
    private record Subject(String name, Path path, long denseBytes) {
        static Subject of(String name, Path path) throws IOException {
            try (Model opened = Model.open(path)) {
                return new Subject(
                        name, path, TensorPlan.of(opened, TensorForm.dense()).denseBytes());
            }
        }
    }

    @Override
    public Integer call() throws Exception {
        Path folder = Files.createTempDirectory("ffm-store-peers");
        Path file = folder.resolve("small.gguf");
        try {
            List<Row> rows = new ArrayList<>();
            Subject whole = Subject.of(model.getFileName().toString(), model);
            for (Peer peer : only) {
                if (peer != Peer.BOXED) {
                    rows.add(row(peer, whole));
                }
            }
            if (!noPython) {
                rows.add(ggufPy(whole));
            }
            if (only.contains(Peer.BOXED)) {
                SyntheticModel small = SyntheticModel.layers(smallLayers, smallWords);
                Subject subject = Subject.of(
                        "TinyLlama's shape, layers: " + smallLayers + ", words: " + smallWords, small.writeTo(file));
                for (Peer peer : SMALL_PEERS) {
                    if (only.contains(peer)) {
                        rows.add(row(peer, subject));
                    }
                }
            }
            if (json) {
                JsonReport.print(command.commandLine().getOut(), out -> write(out, rows));
            } else {
                print(rows);
            }
            return rows.stream().allMatch(row -> row.run.passed() || !row.peer.startsWith("ours")) ? 0 : 1;
        } finally {
            Files.deleteIfExists(file);
            Files.deleteIfExists(folder);
        }
    }

    private Row row(Peer peer, Subject subject) throws Exception {
        Progress.say(peer.label() + ", " + subject.name);
        Peer.Heap heap = peer.heap();
        int largest = heap.mebibytes(heap.largest(), subject.denseBytes);
        ChildRun run = run(peer, subject, largest, peer.loads());
        if (noBisect || !run.passed()) {
            return new Row(
                    peer.label(),
                    subject,
                    String.join(" ", heap.flags(largest)),
                    run,
                    OptionalInt.empty(),
                    Optional.empty(),
                    run.samples());
        }
        List<ChildRun> passed = new ArrayList<>();
        OptionalInt step = Bisection.smallest(heap.smallest(), heap.largest(), each -> {
            ChildRun trial = run(peer, subject, heap.mebibytes(each, subject.denseBytes), 1);
            if (trial.passed()) {
                passed.add(trial);
            }
            return trial.passed();
        });
        OptionalInt smallest = step.isPresent()
                ? OptionalInt.of(heap.mebibytes(step.getAsInt(), subject.denseBytes))
                : OptionalInt.empty();
        // the first that passed had the largest heap, the last one the smallest
        Optional<ChildRun> tight = passed.isEmpty() ? Optional.empty() : Optional.of(passed.getLast());
        List<ChildRun.Sample> samples =
                passed.isEmpty() ? List.of() : passed.getFirst().samples();
        return new Row(peer.label(), subject, String.join(" ", heap.flags(largest)), run, smallest, tight, samples);
    }

    private ChildRun run(Peer peer, Subject subject, int mebibytes, int loads) throws Exception {
        FreshMemory.claim(subject.denseBytes);
        return ChildRun.of(
                new ChildJvm(
                                peer.heap().flags(mebibytes),
                                PeerChild.class,
                                List.of(
                                        peer.name(),
                                        subject.path.toString(),
                                        Integer.toString(threads),
                                        Integer.toString(loads)))
                        .process(),
                LIMIT);
    }

    private Row ggufPy(Subject subject) throws IOException, InterruptedException {
        Progress.say("gguf-py, " + subject.name);
        Optional<GgufPy> found = GgufPy.find(Optional.ofNullable(python));
        ChildRun run = found.isPresent()
                ? found.get().run(subject.path)
                : new ChildRun("not run: no Python with gguf found", "", 0, List.of());
        return new Row("gguf-py", subject, "no JVM", run, OptionalInt.empty(), Optional.empty(), run.samples());
    }

    private void print(List<Row> rows) throws IOException {
        List<String[]> cells = new ArrayList<>();
        for (Row row : rows) {
            if (!row.run.passed()) {
                cells.add(new String[] {row.peer, row.model.name, row.run.failure(), "", "", ""});
                continue;
            }
            Map<String, String> facts = row.run.facts();
            double seconds = Double.parseDouble(facts.get("seconds"));
            cells.add(new String[] {
                row.peer,
                row.model.name,
                row.smallest.isPresent() ? row.smallest.getAsInt() + "m" : "",
                facts.containsKey("rssPeakBytes") ? Long.toString(Long.parseLong(facts.get("rssPeakBytes")) >> 20) : "",
                String.format(Locale.ROOT, "%.2f", seconds),
                String.format(Locale.ROOT, "%.2f", row.model.denseBytes / seconds / 1e9)
            });
        }
        command.commandLine()
                .getOut()
                .println(AsciiTable.getTable(
                        new String[] {"peer", "model", "smallest -Xmx", "peak RSS, MiB", "first load, s", "GB/s"},
                        cells.toArray(String[][]::new)));
    }

    private void write(JsonGenerator out, List<Row> rows) throws IOException {
        out.writeStringField("benchmark", "peers");
        out.writeNumberField("threads", threads);
        out.writeArrayFieldStart("rows");
        for (Row row : rows) {
            out.writeStartObject();
            out.writeStringField("peer", row.peer);
            out.writeStringField("model", row.model.name);
            out.writeNumberField("denseBytes", row.model.denseBytes);
            out.writeStringField("heap", row.heap);
            out.writeBooleanField("passed", row.run.passed());
            if (row.run.passed()) {
                write(out, row.run.facts());
                if (row.smallest.isPresent()) {
                    out.writeNumberField("smallestXmxMebibytes", row.smallest.getAsInt());
                }
                if (row.tight.isPresent()) {
                    out.writeObjectFieldStart("withSmallestXmx");
                    write(out, row.tight.get().facts());
                    out.writeEndObject();
                }
                writeSamples(out, row.samples);
            } else {
                out.writeStringField("failure", row.run.failure());
            }
            out.writeEndObject();
        }
        out.writeEndArray();
        JsonReport.machine(out, Machine.current());
    }

    private static void write(JsonGenerator out, Map<String, String> facts) throws IOException {
        for (String key : List.of("heapPeakBytes", "collections", "rssPeakBytes")) {
            if (facts.containsKey(key)) {
                out.writeNumberField(key, Long.parseLong(facts.get(key)));
            }
        }
        for (String key : List.of("seconds", "steadySeconds", "importSeconds")) {
            if (facts.containsKey(key)) {
                out.writeNumberField(key, Double.parseDouble(facts.get(key)));
            }
        }
        out.writeStringField("sample", facts.get("sample"));
    }

    private static void writeSamples(JsonGenerator out, List<ChildRun.Sample> samples) throws IOException {
        out.writeArrayFieldStart("sampleSeconds");
        for (ChildRun.Sample sample : samples) {
            out.writeNumber(sample.seconds());
        }
        out.writeEndArray();
        out.writeArrayFieldStart("sampleResidentBytes");
        for (ChildRun.Sample sample : samples) {
            out.writeNumber(sample.residentBytes());
        }
        out.writeEndArray();
    }
}
