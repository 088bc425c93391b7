package dev.ffmstore.cli.report;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.ffmstore.TensorPlan;
import dev.ffmstore.TensorSlot;
import dev.ffmstore.export.ExportReport;
import dev.ffmstore.internal.text.Printable;
import dev.ffmstore.mlir.Bake;
import java.io.IOException;
import java.io.PrintWriter;

/// The facts of a module that was baked.
///
/// @param module the name of the module
/// @param plan the model's tensors, in the form in which they were offered
/// @param out the target
/// @param bake what was put into the module
/// @param report how the writing went
/// @param decoder which decoders were used
/// @param footprint how much memory the work took, and on which machine
public record BakeFacts(
        String module,
        TensorPlan plan,
        String out,
        Bake bake,
        ExportReport report,
        String decoder,
        Footprint footprint) {

    /// {@return the facts of a module that has just been written}
    public static BakeFacts of(
            String module, TensorPlan plan, String out, Bake bake, ExportReport report, String decoder) {
        return new BakeFacts(module, plan, out, bake, report, decoder, Footprint.ofThisProcess());
    }

    private long filledBytes() {
        return bake.filled().stream().mapToLong(TensorSlot::byteSize).sum();
    }

    public void print(PrintWriter paper) {
        paper.println(Printable.escape(out));
        Facts facts = new Facts(paper)
                .add("module", Printable.escape(module))
                .add("from", Printable.escape(plan.source()))
                .add("names", Printable.escape(plan.convention()))
                .add("filled", Sizes.grouped(bake.filled().size()) + " resources, " + Sizes.bytes(filledBytes()))
                .add("kept", Sizes.grouped(bake.kept()) + " resources that have data")
                .add("written", Sizes.bytes(report.bytes()));
        Speed.of(report, decoder).print(facts, "GB/s");
        footprint.print(facts);
    }

    /// Writes the fields of the report.
    public void writeJson(JsonGenerator json) throws IOException {
        json.writeStringField("module", module);
        json.writeStringField("file", plan.source());
        json.writeStringField("out", out);
        json.writeStringField("names", plan.convention());
        json.writeNumberField("filled", bake.filled().size());
        json.writeNumberField("filledBytes", filledBytes());
        json.writeNumberField("kept", bake.kept());
        json.writeNumberField("bytes", report.bytes());
        Speed.of(report, decoder).writeJson(json);
        footprint.writeJson(json);
    }
}
