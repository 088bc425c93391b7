package dev.ffmstore.bench.memory;

import com.fasterxml.jackson.core.JsonGenerator;
import com.github.freva.asciitable.AsciiTable;
import dev.ffmstore.DecoderChoice;
import dev.ffmstore.bench.run.ChildJvm;
import dev.ffmstore.bench.run.JsonReport;
import dev.ffmstore.bench.run.Progress;
import dev.ffmstore.cli.report.Machine;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// Measures how much memory a load takes in every mode.
///
/// ```text
/// java -jar bench/target/benchmarks.jar memory-table --model model.gguf
/// ```
///
/// Each row is a fresh JVM (see [MemoryHarness]): decoder × kind of memory × heap × threads × collector.
@Command(name = "memory-table", description = "What memory does a load take under every mode, each in a fresh JVM?")
public final class MemoryTable implements Callable<Integer> {
    @Option(names = "--model", required = true, description = "A GGUF file.")
    private Path model = Path.of("");

    @Option(names = "--decoder", split = ",", description = "default: vector,scalar")
    private List<DecoderChoice> decoders = List.of(DecoderChoice.VECTOR, DecoderChoice.SCALAR);

    @Option(names = "--memory", split = ",", description = "default: ${COMPLETION-CANDIDATES}")
    private List<MemoryKind> kinds = List.of(MemoryKind.values());

    @Option(names = "--xmx", split = ",", description = "default: 16m,32m")
    private List<String> heaps = List.of("16m", "32m");

    @Option(names = "--threads", split = ",", description = "default: 1,2")
    private List<Integer> threads = List.of(1, 2);

    @Option(names = "--collector", split = ",", description = "default: serial,g1")
    private List<MemoryHarness.Collector> collectors =
            List.of(MemoryHarness.Collector.SERIAL, MemoryHarness.Collector.G1);

    @Option(names = "--json", description = "Print one JSON object and nothing else.")
    private boolean json;

    @Spec
    private CommandSpec command = CommandSpec.create();

    /// A way to load.
    private record Mode(
            DecoderChoice decoder, MemoryKind memory, String xmx, int threads, MemoryHarness.Collector collector) {
        ChildJvm jvm(Path model) {
            ChildJvm jvm = new ChildJvm(
                    List.of("-Xmx" + xmx, collector.flag()),
                    MemoryChild.class,
                    List.of(model.toString(), Integer.toString(threads), decoder.name(), memory.name()));
            return memory == MemoryKind.FALLBACK ? jvm.withoutNativeAccess() : jvm;
        }
    }

    private record Row(Mode mode, MemoryRun run) {
        long aboveDense() {
            return run.number("rssPeakBytes") - run.number("denseBytes");
        }
    }

    @Override
    public Integer call() throws Exception {
        List<Mode> modes = modes();
        List<Row> rows = new ArrayList<>();
        for (Mode mode : modes) {
            Progress.say("memory " + (rows.size() + 1) + "/" + modes.size() + ": " + mode);
            rows.add(new Row(mode, MemoryRun.of(mode.jvm(model))));
        }
        PrintWriter out = command.commandLine().getOut();
        if (json) {
            JsonReport.print(out, generator -> write(generator, rows));
        } else {
            out.println(AsciiTable.getTable(
                    new String[] {
                        "decoder",
                        "memory",
                        "-Xmx",
                        "threads",
                        "collector",
                        "heap peak, MiB",
                        "allocated, MiB",
                        "collections",
                        "VmHWM - dense, MiB",
                        "s"
                    },
                    rows.stream().map(MemoryTable::cells).toArray(String[][]::new)));
        }
        return rows.stream().allMatch(row -> row.run.passed()) ? 0 : 1;
    }

    private List<Mode> modes() {
        List<Mode> modes = new ArrayList<>();
        for (MemoryKind kind : kinds) {
            for (DecoderChoice decoder : decoders) {
                for (String heap : heaps) {
                    for (int workers : threads) {
                        for (MemoryHarness.Collector collector : collectors) {
                            modes.add(new Mode(decoder, kind, heap, workers, collector));
                        }
                    }
                }
            }
        }
        return modes;
    }

    private static String[] cells(Row row) {
        MemoryRun run = row.run;
        boolean passed = run.passed();
        return new String[] {
            row.mode.decoder.toString(),
            row.mode.memory.toString(),
            row.mode.xmx,
            Integer.toString(row.mode.threads),
            row.mode.collector.toString(),
            passed ? mebibytes(run.number("heapPeakBytes")) : run.failure(),
            passed ? mebibytes(run.number("allocatedBytes")) : "",
            passed ? run.facts().get("collections") : "",
            passed && run.facts().containsKey("rssPeakBytes") ? mebibytes(row.aboveDense()) : "",
            passed ? run.facts().get("seconds") : ""
        };
    }

    private static String mebibytes(long bytes) {
        return String.format(Locale.ROOT, "%.1f", bytes / (double) (1 << 20));
    }

    private void write(JsonGenerator out, List<Row> rows) throws IOException {
        out.writeStringField("benchmark", "memory-table");
        out.writeStringField("model", model.getFileName().toString());
        out.writeArrayFieldStart("rows");
        for (Row row : rows) {
            out.writeStartObject();
            out.writeStringField("decoder", row.mode.decoder.name().toLowerCase(Locale.ROOT));
            out.writeStringField("memory", row.mode.memory.label());
            out.writeStringField("xmx", row.mode.xmx);
            out.writeNumberField("threads", row.mode.threads);
            out.writeStringField("collector", row.mode.collector.name().toLowerCase(Locale.ROOT));
            MemoryRun run = row.run;
            out.writeBooleanField("passed", run.passed());
            if (run.passed()) {
                for (String key : List.of("heapPeakBytes", "allocatedBytes", "collections", "denseBytes")) {
                    out.writeNumberField(key, run.number(key));
                }
                out.writeNumberField("seconds", Double.parseDouble(run.facts().get("seconds")));
                if (run.facts().containsKey("rssPeakBytes")) {
                    out.writeNumberField("rssPeakAboveDenseBytes", row.aboveDense());
                    out.writeNumberField("hugePageBytes", run.number("hugePageBytes"));
                }
            } else {
                out.writeStringField("failure", run.failure());
            }
            out.writeEndObject();
        }
        out.writeEndArray();
        JsonReport.machine(out, Machine.current());
    }
}
