package dev.ffmstore.bench.export;

import com.fasterxml.jackson.core.JsonGenerator;
import com.github.freva.asciitable.AsciiTable;
import dev.ffmstore.Model;
import dev.ffmstore.TensorForm;
import dev.ffmstore.TensorSource;
import dev.ffmstore.bench.run.JsonReport;
import dev.ffmstore.bench.run.Median;
import dev.ffmstore.cli.report.Machine;
import dev.ffmstore.export.ExportOptions;
import dev.ffmstore.export.Exporter;
import dev.ffmstore.export.FileLayout;
import dev.ffmstore.formats.Irpa;
import dev.ffmstore.formats.Safetensors;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// Measures how much longer an export takes than writing as many bytes.
///
/// ```text
/// java -jar bench/target/benchmarks.jar export --model model.gguf --folder /where/there/is/room --repeat 5
/// ```
///
/// The exports and the plain write (see [PlainWrite]) run in one process and take turns, each round starting with
/// another one. Each writes a new file and forces it to the disk within the measured time; the file is deleted
/// before the next, outside it. The model is read once before, so that it is in the page cache if there is room.
@Command(name = "export", description = "How much longer does an export take than writing as many bytes?")
public final class WholeExport implements Callable<Integer> {
    private static final int WARM_UP_ROUNDS = 1;
    private static final String WRITE = "write";

    @Option(names = "--model", required = true, description = "A GGUF file.")
    private Path model = Path.of("");

    @Option(names = "--folder", description = "Where the files are written (default: the system's temporary folder).")
    private Path folder = Path.of(System.getProperty("java.io.tmpdir"));

    @Option(names = "--repeat", defaultValue = "5", description = "Rounds that count (default: ${DEFAULT-VALUE}).")
    private int repeat;

    @Option(names = "--threads", defaultValue = "2", description = "Workers (default: ${DEFAULT-VALUE}).")
    private int threads;

    @Option(names = "--json", description = "Print one JSON object and nothing else.")
    private boolean json;

    @Spec
    private CommandSpec command = CommandSpec.create();

    /// A way to write a file.
    private record Pass(String name, Body body) {
        @FunctionalInterface
        interface Body {
            void write(Path path) throws Exception;
        }
    }

    /// How long a pass took in each round.
    private record Result(String name, List<Double> seconds) {
        double median() {
            return Median.of(seconds);
        }
    }

    @Override
    public Integer call() throws Exception {
        if (repeat < 1 || threads < 1) {
            throw new ParameterException(command.commandLine(), "--repeat and --threads: expected 1 or more");
        }
        Path target = Files.createTempDirectory(folder, "export").resolve("file");
        try (Model opened = Model.open(model)) {
            TensorSource source = TensorSource.of(opened, TensorForm.dense());
            FileLayout archive = Irpa.layout(source);
            Exporter exporter = new Exporter(ExportOptions.defaults().threads(threads));
            exporter.write(target, archive);
            long written = PlainWrite.writtenBytes(target);
            Files.delete(target);
            List<Result> results = compare(
                    List.of(
                            new Pass("irpa", path -> exporter.write(path, archive)),
                            new Pass("safetensors", path -> exporter.write(path, Safetensors.layout(source))),
                            new Pass(WRITE, path -> PlainWrite.write(path, written, threads))),
                    target);
            PrintWriter out = command.commandLine().getOut();
            if (json) {
                JsonReport.print(out, fields -> write(fields, results, written));
            } else {
                print(out, results, written);
            }
        } finally {
            Files.deleteIfExists(target);
            Files.delete(target.getParent());
        }
        return 0;
    }

    private List<Result> compare(List<Pass> passes, Path target) throws Exception {
        List<Result> results = passes.stream()
                .map(pass -> new Result(pass.name, new ArrayList<>()))
                .toList();
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < passes.size(); i++) {
            order.add(i);
        }
        for (int round = -WARM_UP_ROUNDS; round < repeat; round++) {
            for (int i : order) {
                long start = System.nanoTime();
                passes.get(i).body.write(target);
                double seconds = (System.nanoTime() - start) / 1e9;
                Files.delete(target);
                if (round >= 0) {
                    results.get(i).seconds.add(seconds);
                }
            }
            Collections.rotate(order, 1);
        }
        return results;
    }

    private static double ratio(Result result, List<Result> results) {
        return result.median() / results.getLast().median();
    }

    private void print(PrintWriter out, List<Result> results, long written) {
        List<String[]> rows = new ArrayList<>();
        for (Result result : results) {
            rows.add(new String[] {
                result.name,
                String.format(Locale.ROOT, "%.3f", result.median()),
                String.format(Locale.ROOT, "%.3f", Collections.min(result.seconds)),
                String.format(Locale.ROOT, "%.3f", Collections.max(result.seconds)),
                String.format(Locale.ROOT, "%.2f", written / result.median() / 1e9),
                String.format(Locale.ROOT, "%.2f", ratio(result, results))
            });
        }
        out.println(AsciiTable.getTable(
                new String[] {"pass", "median s", "fastest", "slowest", "GB/s", "median over that of write"},
                rows.toArray(String[][]::new)));
        out.printf(Locale.ROOT, "%d bytes, %d rounds, %d threads%n", written, repeat, threads);
        out.flush();
    }

    private void write(JsonGenerator out, List<Result> results, long written) throws IOException {
        out.writeStringField("benchmark", "export");
        out.writeStringField("model", model.toString());
        out.writeNumberField("bytes", written);
        out.writeNumberField("threads", threads);
        out.writeArrayFieldStart("passes");
        for (Result result : results) {
            out.writeStartObject();
            out.writeStringField("pass", result.name);
            out.writeNumberField("medianSeconds", result.median());
            out.writeNumberField("medianOverWrite", ratio(result, results));
            out.writeArrayFieldStart("seconds");
            for (double seconds : result.seconds) {
                out.writeNumber(seconds);
            }
            out.writeEndArray();
            out.writeEndObject();
        }
        out.writeEndArray();
        JsonReport.machine(out, Machine.current());
    }
}
