package dev.ffmstore.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.ffmstore.LoadPlan;
import dev.ffmstore.cli.report.HeapUsage;
import dev.ffmstore.cli.report.Machine;
import dev.ffmstore.export.ExportReport;
import dev.ffmstore.export.Part;
import dev.ffmstore.internal.memory.ProcessMemory;
import dev.ffmstore.internal.text.Printable;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/// What an export took. What the system does not say is absent, not zero.
///
/// @param plan which tensors were exported, in which form
/// @param out the target
/// @param format the format
/// @param report how the export went
/// @param decoder which decoders were used
/// @param splats how many tensors became a splat, if they were looked for
/// @param part which part was written, if not all
/// @param heapPeakBytes the sum of the peaks of the heap's pools, since the JVM started
/// @param rssPeakBytes the peak of the process's memory
/// @param machine where
record ExportFacts(
        LoadPlan plan,
        String out,
        ExportFormat format,
        ExportReport report,
        String decoder,
        OptionalInt splats,
        Optional<Part> part,
        long heapPeakBytes,
        OptionalLong rssPeakBytes,
        Machine machine) {

    /// {@return the facts of an export that has just ended}
    static ExportFacts of(
            LoadPlan plan,
            String out,
            ExportFormat format,
            ExportReport report,
            String decoder,
            OptionalInt splats,
            Optional<Part> part) {
        return new ExportFacts(
                plan,
                out,
                format,
                report,
                decoder,
                splats,
                part,
                HeapUsage.peakBytes(),
                ProcessMemory.peakResidentBytes(),
                Machine.current());
    }

    private long scaledTensors() {
        return plan.slots().stream().filter(slot -> slot.scale().isPresent()).count();
    }

    void print(PrintWriter paper) {
        paper.println(Printable.escape(out));
        Facts facts = new Facts(paper)
                .add("from", Printable.escape(plan.source()))
                .add("format", format.word())
                .add("names", Printable.escape(plan.convention()))
                .add("tensors", Sizes.grouped(plan.slots().size()));
        splats.ifPresent(count -> facts.add("splats", Sizes.grouped(count) + " tensors of one value, without data"));
        if (scaledTensors() > 0) {
            facts.add("scales", "companion scales: " + Sizes.grouped(scaledTensors()) + " applied");
        }
        if (!plan.unscaled().isEmpty()) {
            facts.add(
                    "scales",
                    "companion scales: " + Sizes.grouped(plan.unscaled().size())
                            + " not applied; --apply-scales applies them");
        }
        part.ifPresent(written -> facts.add("part", written.toString()));
        facts.add(
                        "written",
                        Sizes.bytes(report.bytes())
                                + (report.files() == 1 ? "" : ", " + Sizes.grouped(report.files()) + " files"))
                .add("time", String.format(Locale.ROOT, "%.3f s", report.seconds()))
                .add(
                        "throughput",
                        String.format(Locale.ROOT, "%.2f GB/s", report.gigabytesPerSecond()) + ", " + report.threads()
                                + " threads")
                .add("decoder", decoder)
                .add("heap peak", Sizes.bytes(heapPeakBytes));
        rssPeakBytes.ifPresent(bytes -> facts.add("RSS peak", Sizes.bytes(bytes)));
        new MachineFacts(machine).print(facts);
    }

    /// Writes the fields of the report.
    void writeJson(JsonGenerator json) throws IOException {
        json.writeStringField("file", plan.source());
        json.writeStringField("out", out);
        json.writeStringField("format", format.word());
        json.writeStringField("names", plan.convention());
        json.writeNumberField("tensors", plan.slots().size());
        json.writeNumberField("denseBytes", plan.denseBytes());
        json.writeNumberField("sourceBytes", plan.sourceBytes());
        if (splats.isPresent()) {
            json.writeNumberField("splats", splats.getAsInt());
        }
        json.writeNumberField("scaledTensors", scaledTensors());
        json.writeNumberField("unappliedScales", plan.unscaled().size());
        if (part.isPresent()) {
            json.writeStringField("part", part.get().toString());
        }
        json.writeNumberField("files", report.files());
        json.writeNumberField("bytes", report.bytes());
        json.writeNumberField("seconds", report.seconds());
        json.writeNumberField("gigabytesPerSecond", report.gigabytesPerSecond());
        json.writeNumberField("threads", report.threads());
        json.writeStringField("decoder", decoder);
        json.writeNumberField("heapPeakBytes", heapPeakBytes);
        if (rssPeakBytes.isPresent()) {
            json.writeNumberField("rssPeakBytes", rssPeakBytes.getAsLong());
        }
        new MachineFacts(machine).writeJson(json);
    }
}
