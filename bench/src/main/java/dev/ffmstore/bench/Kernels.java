package dev.ffmstore.bench;

import com.fasterxml.jackson.core.JsonGenerator;
import com.github.freva.asciitable.AsciiTable;
import dev.ffmstore.internal.report.Machine;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Unmatched;

/// Runs [KernelBenchmark] and prints a table of GB/s and of bytes allocated a call.
@Command(
        name = "kernels",
        description = "How fast is each decoder, cache-resident, on one thread? Further options are JMH's, such as"
                + " -p type=Q4_K -p kind=vector -f 3.")
final class Kernels implements Callable<Integer> {
    @Option(names = "--json", description = "Print one JSON object and nothing else.")
    private boolean json;

    @Unmatched
    private List<String> jmhOptions = new ArrayList<>();

    @Spec
    private CommandSpec command = CommandSpec.create();

    /// One line of the result.
    ///
    /// @param bytesPerCall heap bytes allocated by a call for 256 KiB of output
    private record Row(
            String type, String kind, double gigabytesPerSecond, double error, double bytesPerCall, int samples) {
        static Row of(RunResult result) {
            var speed = result.getSecondaryResults().get("gigabytes");
            return new Row(
                    result.getParams().getParam("type"),
                    result.getParams().getParam("kind"),
                    speed.getScore(),
                    speed.getScoreError(),
                    result.getSecondaryResults().get("gc.alloc.rate.norm").getScore(),
                    (int) speed.getSampleCount());
        }

        String[] cells() {
            return new String[] {
                type,
                kind,
                String.format(Locale.ROOT, "%.1f", gigabytesPerSecond),
                String.format(Locale.ROOT, "± %.1f", error),
                String.format(Locale.ROOT, "%.1f", bytesPerCall)
            };
        }
    }

    @Override
    public Integer call() throws Exception {
        OptionsBuilder options = new OptionsBuilder();
        options.parent(new CommandLineOptions(jmhOptions.toArray(String[]::new)))
                .include(KernelBenchmark.class.getName())
                .addProfiler(GCProfiler.class)
                .shouldFailOnError(true);
        if (json) {
            options.verbosity(VerboseMode.SILENT);
        }
        Collection<RunResult> results = new Runner(options.build()).run();
        List<Row> rows = results.stream().map(Row::of).toList();
        if (json) {
            JsonReport.print(command.commandLine().getOut(), out -> write(out, rows));
        } else {
            command.commandLine()
                    .getOut()
                    .println(AsciiTable.getTable(
                            new String[] {"type", "kind", "GB/s", "99.9 %", "B/call"},
                            rows.stream().map(Row::cells).toArray(String[][]::new)));
        }
        return 0;
    }

    private static void write(JsonGenerator out, List<Row> rows) throws java.io.IOException {
        out.writeStringField("benchmark", "kernels");
        out.writeArrayFieldStart("results");
        for (Row row : rows) {
            out.writeStartObject();
            out.writeStringField("type", row.type);
            out.writeStringField("kind", row.kind);
            out.writeNumberField("gigabytesPerSecond", row.gigabytesPerSecond);
            if (Double.isFinite(row.error)) {
                out.writeNumberField("error", row.error);
            }
            out.writeNumberField("bytesPerCall", row.bytesPerCall);
            out.writeNumberField("samples", row.samples);
            out.writeEndObject();
        }
        out.writeEndArray();
        JsonReport.machine(out, Machine.current());
    }
}
