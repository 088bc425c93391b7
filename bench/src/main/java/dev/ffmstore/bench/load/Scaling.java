package dev.ffmstore.bench.load;

import com.fasterxml.jackson.core.JsonGenerator;
import com.github.freva.asciitable.AsciiTable;
import dev.ffmstore.bench.run.ChildJvm;
import dev.ffmstore.bench.run.ChildRun;
import dev.ffmstore.bench.run.Json;
import dev.ffmstore.bench.run.JsonReport;
import dev.ffmstore.bench.run.Progress;
import dev.ffmstore.bench.run.SyntheticModel;
import dev.ffmstore.bench.run.UserCache;
import dev.ffmstore.cli.report.Machine;
import dev.ffmstore.internal.memory.MemoryBudget;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// Measures whether a load stays as fast when the model is larger, or has many tensors.
///
/// ```text
/// java -jar bench/target/benchmarks.jar scaling
/// ```
///
/// Models of TinyLlama's shape with more and fewer layers go through [WholeLoad], each in a JVM of its own; a model
/// that memory or disk has no room for is reported as not run. [ManyTensors] compares many small tensors with the
/// same elements in one. The models are written for this and deleted.
@Command(name = "scaling", description = "Does a load stay as fast with more layers, or with many small tensors?")
public final class Scaling implements Callable<Integer> {
    private static final Duration LIMIT = Duration.ofSeconds(300);
    private static final long RESERVE_BYTES = 1L << 30;

    @Option(names = "--layers", split = ",", description = "default: 2,22,88, TinyLlama having 22")
    private List<Integer> layers = List.of(2, 22, 88);

    @Option(names = "--vocabulary", defaultValue = "32000", description = "default: ${DEFAULT-VALUE}")
    private int vocabulary;

    @Option(names = "--tensors", defaultValue = "100000", description = "default: ${DEFAULT-VALUE}")
    private int tensors;

    @Option(
            names = "--elements",
            defaultValue = "4096",
            description = "Of each of them, a multiple of 256 (default: ${DEFAULT-VALUE}).")
    private int elements;

    @Option(names = "--repeat", defaultValue = "5", description = "Rounds that count (default: ${DEFAULT-VALUE}).")
    private int repeat;

    @Option(names = "--threads", defaultValue = "2", description = "Workers (default: ${DEFAULT-VALUE}).")
    private int threads;

    @Option(names = "--folder", description = "Where the models are written; by default the user's cache folder.")
    private Path folder = UserCache.folder();

    @Option(names = "--json", description = "Print one JSON object and nothing else.")
    private boolean json;

    @Spec
    private CommandSpec command = CommandSpec.create();

    /// The result for a model of a number of layers.
    ///
    /// @param load what [WholeLoad] reports about the load itself, if it was run
    /// @param failure why it was not run
    private record Row(int layers, long denseBytes, Optional<Json> load, String failure) {}

    @Override
    public Integer call() throws Exception {
        Files.createDirectories(folder);
        List<Row> rows = new ArrayList<>();
        for (int count : layers) {
            Progress.say(count + " layers");
            rows.add(row(count));
        }
        Progress.say(tensors + " tensors, and one");
        ManyTensors.Result many = manyTensors();
        PrintWriter out = command.commandLine().getOut();
        if (json) {
            JsonReport.print(out, generator -> write(generator, rows, many));
        } else {
            print(out, rows, many);
        }
        return 0;
    }

    private Row row(int count) throws IOException, InterruptedException {
        SyntheticModel model = SyntheticModel.layers(count, vocabulary);
        long available = MemoryBudget.ofThisProcess()
                .map(MemoryBudget.Budget::availableBytes)
                .orElse(Long.MAX_VALUE);
        long usable = Files.getFileStore(folder).getUsableSpace();
        if (available < model.denseBytes() + model.fileBytes() + RESERVE_BYTES || usable < model.fileBytes()) {
            return new Row(
                    count,
                    model.denseBytes(),
                    Optional.empty(),
                    "not run: it takes " + model.denseBytes() + " bytes of memory beside " + model.fileBytes()
                            + " of page cache and disk, available are " + available + " and " + usable);
        }
        Path file = Files.createTempFile(folder, "scaling", ".gguf");
        try {
            model.writeTo(file);
            ChildRun run = ChildRun.of(
                    ChildJvm.ofThisProgram(
                                    command,
                                    List.of("-Xmx256m"),
                                    List.of(
                                            "whole-load",
                                            "--model",
                                            file.toString(),
                                            "--decoder",
                                            "vector",
                                            "--threads",
                                            Integer.toString(threads),
                                            "--repeat",
                                            Integer.toString(repeat),
                                            "--json"))
                            .process(),
                    LIMIT);
            Optional<Json> load = run.passed()
                    ? Json.parse(run.out()).objects("passes").stream()
                            .filter(pass -> pass.text("pass").startsWith("load"))
                            .findFirst()
                    : Optional.empty();
            return new Row(count, model.denseBytes(), load, run.failure());
        } finally {
            Files.delete(file);
        }
    }

    private ManyTensors.Result manyTensors() throws IOException {
        Path many = Files.createTempFile(folder, "scaling", ".gguf");
        Path one = Files.createTempFile(folder, "scaling", ".gguf");
        try {
            SyntheticModel.many(tensors, elements).writeTo(many);
            SyntheticModel.one(tensors, elements).writeTo(one);
            return ManyTensors.compare(many, one, threads, repeat);
        } finally {
            Files.delete(many);
            Files.delete(one);
        }
    }

    private void print(PrintWriter out, List<Row> rows, ManyTensors.Result many) {
        List<String[]> cells = new ArrayList<>();
        for (Row row : rows) {
            cells.add(new String[] {
                Integer.toString(row.layers),
                Long.toString(row.denseBytes),
                row.load
                        .map(load -> String.format(Locale.ROOT, "%.1f", load.number("medianGigabytesPerSecond")))
                        .orElse(row.failure),
                row.load
                        .map(load -> String.format(Locale.ROOT, "%.2f", load.number("medianShareOfBestFill")))
                        .orElse("")
            });
        }
        out.println(AsciiTable.getTable(
                new String[] {"layers", "dense bytes", "GB/s", "share of the best fill"},
                cells.toArray(String[][]::new)));
        out.printf(
                Locale.ROOT,
                "%d tensors of %d elements: %.3f s; the same in one: %.3f s%n",
                tensors,
                elements,
                many.manySeconds(),
                many.oneSeconds());
    }

    private void write(JsonGenerator out, List<Row> rows, ManyTensors.Result many) throws IOException {
        out.writeStringField("benchmark", "scaling");
        out.writeNumberField("threads", threads);
        out.writeArrayFieldStart("layers");
        for (Row row : rows) {
            out.writeStartObject();
            out.writeNumberField("layers", row.layers);
            out.writeNumberField("denseBytes", row.denseBytes);
            if (row.load.isPresent()) {
                for (String key : List.of("medianSeconds", "medianGigabytesPerSecond", "medianShareOfBestFill")) {
                    out.writeNumberField(key, row.load.get().number(key));
                }
            } else {
                out.writeStringField("failure", row.failure);
            }
            out.writeEndObject();
        }
        out.writeEndArray();
        out.writeObjectFieldStart("manyTensors");
        out.writeNumberField("tensors", tensors);
        out.writeNumberField("elements", elements);
        out.writeNumberField("medianSeconds", many.manySeconds());
        out.writeNumberField("medianSecondsInOne", many.oneSeconds());
        out.writeEndObject();
        JsonReport.machine(out, Machine.current());
    }
}
