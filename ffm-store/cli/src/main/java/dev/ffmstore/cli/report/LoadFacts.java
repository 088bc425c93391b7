package dev.ffmstore.cli.report;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.ffmstore.LoadReport;
import dev.ffmstore.Model;
import dev.ffmstore.TensorStore;
import dev.ffmstore.internal.text.Printable;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.OptionalLong;

/// The facts of a load, as `load` and `demo` report them.
///
/// @param file the name of the file
/// @param fileBytes the size of the file in bytes
/// @param report how the load went
/// @param names the convention of the tensors' names
/// @param hugePageBytes how many bytes of the tensors the kernel holds in huge pages
/// @param footprint how much memory the load took, and on which machine
public record LoadFacts(
        String file, long fileBytes, LoadReport report, String names, OptionalLong hugePageBytes, Footprint footprint) {

    /// {@return the facts of a load that has just ended}
    public static LoadFacts of(Model model, TensorStore store) {
        return new LoadFacts(
                model.name(),
                model.byteSize(),
                store.report(),
                store.plan().convention(),
                store.hugePageBytes(),
                Footprint.ofThisProcess());
    }

    public void print(PrintWriter out) {
        out.println(Printable.escape(file));
        Facts facts = new Facts(out)
                .add("tensors", Sizes.grouped(report.tensors()))
                .add("file", Sizes.bytes(fileBytes))
                .add("dense", Sizes.bytes(report.denseBytes()))
                .add("names", Printable.escape(names));
        speed().print(facts, "GB/s dense");
        facts.add("memory", report.memory()).addScales(report.scaledTensors(), report.unappliedScales());
        hugePageBytes.ifPresent(bytes -> facts.add("in huge pages", Sizes.bytes(bytes)));
        footprint.printAgainst(report.denseBytes(), facts);
    }

    private Speed speed() {
        return new Speed(report.seconds(), report.gigabytesPerSecond(), report.threads(), report.decoder());
    }

    /// Writes the fields of the report.
    public void writeJson(JsonGenerator json) throws IOException {
        json.writeStringField("file", file);
        json.writeNumberField("tensors", report.tensors());
        json.writeNumberField("denseBytes", report.denseBytes());
        json.writeNumberField("fileBytes", fileBytes);
        json.writeNumberField("sourceBytes", report.sourceBytes());
        speed().writeJson(json);
        json.writeStringField("memory", report.memory());
        json.writeStringField("names", names);
        json.writeNumberField("scaledTensors", report.scaledTensors());
        json.writeNumberField("unappliedScales", report.unappliedScales());
        if (hugePageBytes.isPresent()) {
            json.writeNumberField("hugePageBytes", hugePageBytes.getAsLong());
        }
        footprint.writeJson(json);
    }
}
