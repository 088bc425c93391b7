package dev.ffmstore.bench.load;

import com.fasterxml.jackson.core.JsonGenerator;
import com.github.freva.asciitable.AsciiTable;
import dev.ffmstore.TensorPlan;
import dev.ffmstore.bench.run.JsonReport;
import dev.ffmstore.bench.run.Median;
import dev.ffmstore.cli.report.Machine;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/// The report that [WholeLoad] prints.
///
/// @param plan the plan of what was loaded
/// @param threads how many workers there were
/// @param comparison the timings of all passes
/// @param loads the names of the passes that load, or do what every loader must, and have a share
/// @param fills the names of the passes that fill
record WholeLoadReport(TensorPlan plan, int threads, Comparison comparison, List<String> loads, List<String> fills) {
    /// @throws IllegalStateException if no share of a load can be computed
    void requireShares() {
        for (String load : loads) {
            if (comparison.shares(load, fills).isEmpty()) {
                throw new IllegalStateException(load + ": no round of " + comparison.rounds()
                        + " in which it and every fill got huge pages (Linux on x86-64 with transparent huge pages"
                        + " set to madvise or always gives them)");
            }
        }
    }

    /// Prints the report as a table.
    void print(PrintWriter out) {
        List<String[]> rows = new ArrayList<>();
        for (String pass : names()) {
            double seconds = comparison.medianSeconds(pass).orElseThrow();
            List<Comparison.Timing> timings = comparison.of(pass);
            rows.add(new String[] {
                pass,
                String.format(Locale.ROOT, "%.3f", seconds),
                String.format(Locale.ROOT, "%.1f", timings.getFirst().byteSize() / seconds / 1e9),
                loads.contains(pass) ? share(pass) : "",
                timings.stream().filter(Comparison.Timing::counts).count() + "/" + timings.size()
            });
        }
        out.printf(
                Locale.ROOT,
                "%s: %d bytes dense, %d threads, medians of rounds in huge pages%n",
                plan.source(),
                plan.denseBytes(),
                threads);
        out.println(AsciiTable.getTable(
                new String[] {"pass", "seconds", "GB/s", "share of the best fill", "rounds"},
                rows.toArray(String[][]::new)));
        Machine machine = Machine.current();
        out.printf("%s, %s, %s%n", machine.processor(), machine.os(), machine.jvm());
        out.flush();
    }

    private String share(String load) {
        List<Double> shares = comparison.shares(load, fills);
        return String.format(
                Locale.ROOT,
                "%.2f (%.2f to %.2f)",
                Median.of(shares),
                Collections.min(shares),
                Collections.max(shares));
    }

    private List<String> names() {
        List<String> names = new ArrayList<>(loads);
        names.addAll(fills);
        return names;
    }

    /// Writes all timings and what was computed from them.
    void write(JsonGenerator out) throws IOException {
        out.writeStringField("benchmark", "whole-load");
        out.writeStringField("model", Path.of(plan.source()).getFileName().toString());
        out.writeNumberField("tensors", plan.slots().size());
        out.writeNumberField("sourceBytes", plan.sourceBytes());
        out.writeNumberField("denseBytes", plan.denseBytes());
        out.writeNumberField("regionBytes", plan.regionBytes());
        out.writeNumberField("threads", threads);
        out.writeNumberField("repeat", comparison.rounds());
        out.writeArrayFieldStart("passes");
        for (String pass : names()) {
            writePass(out, pass);
        }
        out.writeEndArray();
        JsonReport.machine(out, Machine.current());
    }

    private void writePass(JsonGenerator out, String pass) throws IOException {
        List<Comparison.Timing> timings = comparison.of(pass);
        double seconds = comparison.medianSeconds(pass).orElseThrow();
        out.writeStartObject();
        out.writeStringField("pass", pass);
        out.writeNumberField("medianSeconds", seconds);
        out.writeNumberField("medianGigabytesPerSecond", timings.getFirst().byteSize() / seconds / 1e9);
        if (loads.contains(pass)) {
            List<Double> shares = comparison.shares(pass, fills);
            out.writeNumberField("medianShareOfBestFill", Median.of(shares));
            out.writeArrayFieldStart("sharesOfBestFill");
            for (double share : shares) {
                out.writeNumber(share);
            }
            out.writeEndArray();
        }
        out.writeArrayFieldStart("rounds");
        for (Comparison.Timing timing : timings) {
            out.writeStartObject();
            out.writeNumberField("round", timing.round());
            out.writeNumberField("seconds", timing.seconds());
            out.writeNumberField("gigabytesPerSecond", timing.gigabytesPerSecond());
            out.writeNumberField("hugePageBytes", timing.hugePageBytes());
            out.writeBooleanField("counts", timing.counts());
            out.writeEndObject();
        }
        out.writeEndArray();
        out.writeEndObject();
    }
}
