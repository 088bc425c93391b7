package dev.ffmstore.cli.report;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.ffmstore.TensorPlan;
import dev.ffmstore.export.ExportReport;
import dev.ffmstore.export.Part;
import dev.ffmstore.internal.text.Printable;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Optional;
import java.util.OptionalInt;

/// The facts of an export.
///
/// @param plan which tensors were exported, in which form
/// @param out the target
/// @param format the format, as the command line names it
/// @param report how the export went
/// @param decoder which decoders were used
/// @param splats how many tensors became a splat, if splats were looked for
/// @param part which part was written, if not the whole
/// @param footprint how much memory the export took, and on which machine
public record ExportFacts(
        TensorPlan plan,
        String out,
        String format,
        ExportReport report,
        String decoder,
        OptionalInt splats,
        Optional<Part> part,
        Footprint footprint) {

    /// {@return the facts of an export that has just ended}
    public static ExportFacts of(
            TensorPlan plan,
            String out,
            String format,
            ExportReport report,
            String decoder,
            OptionalInt splats,
            Optional<Part> part) {
        return new ExportFacts(plan, out, format, report, decoder, splats, part, Footprint.ofThisProcess());
    }

    public void print(PrintWriter paper) {
        paper.println(Printable.escape(out));
        Facts facts = new Facts(paper)
                .add("from", Printable.escape(plan.source()))
                .add("format", format)
                .add("names", Printable.escape(plan.convention()))
                .add("tensors", Sizes.grouped(plan.slots().size()));
        splats.ifPresent(count -> facts.add("splats", Sizes.grouped(count) + " tensors of one value, without data"));
        facts.addScales(plan.scaledTensors(), plan.unscaled().size());
        part.ifPresent(written -> facts.add("part", written.toString()));
        facts.add(
                "written",
                Sizes.bytes(report.bytes())
                        + (report.files() == 1 ? "" : ", " + Sizes.grouped(report.files()) + " files"));
        Speed.of(report, decoder).print(facts, "GB/s");
        footprint.print(facts);
    }

    /// Writes the fields of the report.
    public void writeJson(JsonGenerator json) throws IOException {
        json.writeStringField("file", plan.source());
        json.writeStringField("out", out);
        json.writeStringField("format", format);
        json.writeStringField("names", plan.convention());
        json.writeNumberField("tensors", plan.slots().size());
        json.writeNumberField("denseBytes", plan.denseBytes());
        json.writeNumberField("sourceBytes", plan.sourceBytes());
        if (splats.isPresent()) {
            json.writeNumberField("splats", splats.getAsInt());
        }
        json.writeNumberField("scaledTensors", plan.scaledTensors());
        json.writeNumberField("unappliedScales", plan.unscaled().size());
        if (part.isPresent()) {
            json.writeStringField("part", part.get().toString());
        }
        json.writeNumberField("files", report.files());
        json.writeNumberField("bytes", report.bytes());
        Speed.of(report, decoder).writeJson(json);
        footprint.writeJson(json);
    }
}
