package dev.ffmstore.bench.kernels;

import com.fasterxml.jackson.core.JsonGenerator;
import com.github.freva.asciitable.AsciiTable;
import com.github.freva.asciitable.Column;
import com.github.freva.asciitable.HorizontalAlign;
import dev.ffmstore.bench.ggml.GgmlBuild;
import dev.ffmstore.bench.ggml.GgmlLibrary;
import dev.ffmstore.bench.ggml.GgmlVariant;
import dev.ffmstore.bench.kernels.KernelRow.Residence;
import dev.ffmstore.bench.run.JsonReport;
import dev.ffmstore.cli.report.Machine;
import dev.ffmstore.ggml.BlockDecoder;
import dev.ffmstore.ggml.BlockDecoders;
import dev.ffmstore.ggml.GgmlType;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.SequencedMap;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// Measures how fast each decoder is, beside ggml's own and the limit of the machine.
///
/// ```text
/// java -jar bench/target/benchmarks.jar ggml
/// java -jar bench/target/benchmarks.jar kernels --type Q4_K,Q6_K
/// ```
///
/// All contenders run on one thread of one process, on the same segments, and take turns (see [KernelRounds]). A
/// build of ggml that does not exist is reported as not run.
@Command(
        name = "kernels",
        description = "How fast is each decoder, on one thread, beside ggml's own and the limit of the machine?")
public final class Kernels implements Callable<Integer> {
    private static final List<String> COLUMNS = List.of(
            KernelRow.SCALAR,
            KernelRow.VECTOR,
            GgmlVariant.SHIPPED.label(),
            GgmlVariant.NATIVE.label(),
            KernelRow.CEILING);

    @Option(names = "--type", split = ",", description = "Types to decode (default: all that are not merely copied).")
    private List<GgmlType> types = Arrays.stream(GgmlType.values())
            .filter(type -> !type.isPlain() && BlockDecoders.scalar().supports(type))
            .toList();

    @Option(names = "--memory", split = ",", description = "cached, streamed or both (default: both).")
    private List<Residence> residences = List.of(Residence.values());

    @Option(names = "--repeat", defaultValue = "15", description = "Rounds that count (default: ${DEFAULT-VALUE}).")
    private int repeat;

    @Option(
            names = "--stream-mib",
            defaultValue = "512",
            description = "Size of the streamed output (default: ${DEFAULT-VALUE}).")
    private int streamMebibytes;

    @Option(names = "--json", description = "Print one JSON object and nothing else.")
    private boolean json;

    @Spec
    private CommandSpec command = CommandSpec.create();

    private final SequencedMap<String, Function<GgmlType, BlockDecoder>> decoders = new LinkedHashMap<>();
    private final Map<String, String> notRun = new LinkedHashMap<>();

    @Override
    public Integer call() throws IOException {
        if (repeat < 1 || streamMebibytes < 1) {
            throw new ParameterException(command.commandLine(), "--repeat and --stream-mib: expected 1 or more");
        }
        for (GgmlType type : types) {
            if (type.isPlain() || !BlockDecoders.scalar().supports(type)) {
                throw new ParameterException(command.commandLine(), "--type: " + type + " is not decoded");
            }
        }
        findDecoders();
        long streamedBytes = (long) streamMebibytes << 20;
        try (KernelMemory memory = new KernelMemory(streamedBytes)) {
            KernelRounds rounds = new KernelRounds(memory, decoders, repeat);
            types.forEach(rounds::warmUp);
            List<KernelRow> rows = new ArrayList<>();
            for (GgmlType type : types) {
                for (Residence residence : residences) {
                    rows.add(rounds.run(
                            type,
                            residence,
                            residence == Residence.CACHED ? KernelMemory.CACHED_BYTES : streamedBytes));
                }
            }
            if (json) {
                JsonReport.print(command.commandLine().getOut(), out -> write(out, rows, memory));
            } else {
                print(command.commandLine().getOut(), rows, memory);
            }
        }
        return 0;
    }

    private void findDecoders() {
        decoders.put(KernelRow.SCALAR, BlockDecoders.scalar()::of);
        decoders.put(KernelRow.VECTOR, BlockDecoders.vector()::of);
        for (GgmlVariant variant : GgmlVariant.values()) {
            Optional<Path> library = GgmlBuild.of(variant).find();
            if (library.isPresent()) {
                decoders.put(variant.label(), GgmlLibrary.open(library.get())::of);
            } else {
                notRun.put(variant.label(), "not built; the command ggml does that");
            }
        }
    }

    private void print(PrintWriter out, List<KernelRow> rows, KernelMemory memory) {
        Machine machine = Machine.current();
        out.println(machine.processor() + ", " + machine.os() + ", " + machine.jvm());
        out.println(BlockDecoders.vector() + "; one thread; output in "
                + (memory.isInHugePages() ? "huge pages" : "ordinary pages, as the kernel gave no huge ones")
                + "; medians of " + repeat + " rounds, GB/s of dense bytes");
        notRun.forEach((contender, reason) -> out.println(contender + ": not run: " + reason));
        List<String> titles = Stream.of(List.of("type", "memory"), COLUMNS, List.of("B/block", "vector is", "verdict"))
                .flatMap(List::stream)
                .toList();
        Column[] columns = titles.stream()
                .map(title -> new Column().header(title).dataAlign(HorizontalAlign.RIGHT))
                .toArray(Column[]::new);
        for (Residence residence : residences) {
            out.println(AsciiTable.getTable(
                    columns,
                    rows.stream()
                            .filter(row -> row.memory() == residence)
                            .map(Kernels::cells)
                            .toArray(String[][]::new)));
        }
        out.flush();
    }

    private static String[] cells(KernelRow row) {
        List<String> cells =
                new ArrayList<>(List.of(row.type().name(), row.memory().label()));
        COLUMNS.forEach(column -> cells.add(number("%.1f", row.median(column))));
        cells.add(String.format(
                Locale.ROOT,
                "%.2f / %.2f",
                row.bytesPerBlock().get(KernelRow.SCALAR),
                row.bytesPerBlock().get(KernelRow.VECTOR)));
        cells.add(number("%.2f × shipped, ", row.vectorOver(GgmlVariant.SHIPPED.label()))
                + number("%.2f × native, ", row.vectorOver(GgmlVariant.NATIVE.label()))
                + number("%.2f of ceiling", row.vectorOver(KernelRow.CEILING)));
        cells.add(row.verdict().text());
        return cells.toArray(String[]::new);
    }

    private static String number(String format, OptionalDouble value) {
        return value.isPresent() ? String.format(Locale.ROOT, format, value.getAsDouble()) : "not run ";
    }

    private void write(JsonGenerator out, List<KernelRow> rows, KernelMemory memory) throws IOException {
        out.writeStringField("benchmark", "kernels");
        out.writeStringField("vector", BlockDecoders.vector().toString());
        out.writeNumberField("repeat", repeat);
        out.writeNumberField("cachedBytes", KernelMemory.CACHED_BYTES);
        out.writeNumberField("streamedBytes", (long) streamMebibytes << 20);
        out.writeBooleanField("hugePages", memory.isInHugePages());
        out.writeObjectFieldStart("notRun");
        for (Map.Entry<String, String> entry : notRun.entrySet()) {
            out.writeStringField(entry.getKey(), entry.getValue());
        }
        out.writeEndObject();
        out.writeArrayFieldStart("results");
        for (KernelRow row : rows) {
            write(out, row);
        }
        out.writeEndArray();
        JsonReport.machine(out, Machine.current());
    }

    private static void write(JsonGenerator out, KernelRow row) throws IOException {
        out.writeStartObject();
        out.writeStringField("type", row.type().name());
        out.writeStringField("memory", row.memory().label());
        out.writeObjectFieldStart("gigabytesPerSecond");
        for (String column : COLUMNS) {
            writeIfPresent(out, column, row.median(column));
        }
        out.writeEndObject();
        out.writeObjectFieldStart("vectorOver");
        for (String column : COLUMNS) {
            if (!column.equals(KernelRow.VECTOR)) {
                writeIfPresent(out, column, row.vectorOver(column));
            }
        }
        out.writeEndObject();
        out.writeObjectFieldStart("bytesPerBlock");
        for (Map.Entry<String, Double> entry : row.bytesPerBlock().entrySet()) {
            out.writeNumberField(entry.getKey(), entry.getValue());
        }
        out.writeEndObject();
        out.writeStringField("verdict", row.verdict().text());
        out.writeObjectFieldStart("rounds");
        for (Map.Entry<String, List<Double>> entry : row.rounds().entrySet()) {
            out.writeArrayFieldStart(entry.getKey());
            for (double value : entry.getValue()) {
                out.writeNumber(value);
            }
            out.writeEndArray();
        }
        out.writeEndObject();
        out.writeEndObject();
    }

    private static void writeIfPresent(JsonGenerator out, String name, OptionalDouble value) throws IOException {
        if (value.isPresent()) {
            out.writeNumberField(name, value.getAsDouble());
        }
    }
}
