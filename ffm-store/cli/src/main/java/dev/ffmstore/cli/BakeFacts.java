package dev.ffmstore.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.ffmstore.LoadPlan;
import dev.ffmstore.cli.report.HeapUsage;
import dev.ffmstore.cli.report.Machine;
import dev.ffmstore.export.Constant;
import dev.ffmstore.export.ExportReport;
import dev.ffmstore.internal.memory.ProcessMemory;
import dev.ffmstore.internal.text.Printable;
import dev.ffmstore.mlir.Bake;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.OptionalLong;

/// What it took to bake a module. What the system does not say is absent, not zero.
///
/// @param module the name of the module
/// @param plan the model's tensors, in the form in which they were offered
/// @param out the target
/// @param bake what was put into the module
/// @param report how the writing went
/// @param decoder which decoders were used
/// @param heapPeakBytes the sum of the peaks of the heap's pools, since the JVM started
/// @param rssPeakBytes the peak of the process's memory
/// @param machine where
record BakeFacts(
        String module,
        LoadPlan plan,
        String out,
        Bake bake,
        ExportReport report,
        String decoder,
        long heapPeakBytes,
        OptionalLong rssPeakBytes,
        Machine machine) {

    /// {@return the facts of a module that has just been written}
    static BakeFacts of(String module, LoadPlan plan, String out, Bake bake, ExportReport report, String decoder) {
        return new BakeFacts(
                module,
                plan,
                out,
                bake,
                report,
                decoder,
                HeapUsage.peakBytes(),
                ProcessMemory.peakResidentBytes(),
                Machine.current());
    }

    private long filledBytes() {
        return bake.filled().stream().mapToLong(Constant::byteSize).sum();
    }

    void print(PrintWriter paper) {
        paper.println(Printable.escape(out));
        Facts facts = new Facts(paper)
                .add("module", Printable.escape(module))
                .add("from", Printable.escape(plan.source()))
                .add("names", Printable.escape(plan.convention()))
                .add("filled", Sizes.grouped(bake.filled().size()) + " resources, " + Sizes.bytes(filledBytes()))
                .add("kept", Sizes.grouped(bake.kept()) + " resources that have data")
                .add("written", Sizes.bytes(report.bytes()))
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
        json.writeStringField("module", module);
        json.writeStringField("file", plan.source());
        json.writeStringField("out", out);
        json.writeStringField("names", plan.convention());
        json.writeNumberField("filled", bake.filled().size());
        json.writeNumberField("filledBytes", filledBytes());
        json.writeNumberField("kept", bake.kept());
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
