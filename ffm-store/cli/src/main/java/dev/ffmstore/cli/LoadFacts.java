package dev.ffmstore.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.ffmstore.LoadReport;
import dev.ffmstore.TensorStore;
import dev.ffmstore.cli.report.HeapUsage;
import dev.ffmstore.cli.report.Machine;
import dev.ffmstore.gguf.GgufFile;
import dev.ffmstore.internal.memory.ProcessMemory;
import dev.ffmstore.internal.text.Printable;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.OptionalLong;

/// What a load took, as `load` and `demo` report it. What the system does not say is absent, not zero.
///
/// @param file the name of the file
/// @param fileBytes its size
/// @param report how the load went
/// @param names the convention of the tensors' names
/// @param hugePageBytes how much of the tensors the kernel holds in huge pages
/// @param heapPeakBytes the sum of the peaks of the heap's pools, since the JVM started
/// @param rssPeakBytes the peak of the process's memory
/// @param machine where
record LoadFacts(
        String file,
        long fileBytes,
        LoadReport report,
        String names,
        OptionalLong hugePageBytes,
        long heapPeakBytes,
        OptionalLong rssPeakBytes,
        Machine machine) {

    /// {@return the facts of a load that has just ended}
    static LoadFacts of(GgufFile file, TensorStore store) {
        return new LoadFacts(
                file.name(),
                file.source().size(),
                store.report(),
                store.plan().convention(),
                store.hugePageBytes(),
                HeapUsage.peakBytes(),
                ProcessMemory.peakResidentBytes(),
                Machine.current());
    }

    void print(PrintWriter out) {
        out.println(Printable.escape(file));
        Facts facts = new Facts(out)
                .add("tensors", Sizes.grouped(report.tensors()))
                .add("file", Sizes.bytes(fileBytes))
                .add("dense", Sizes.bytes(report.denseBytes()))
                .add("names", Printable.escape(names))
                .add("time", String.format(Locale.ROOT, "%.3f s", report.seconds()))
                .add(
                        "throughput",
                        String.format(Locale.ROOT, "%.2f GB/s dense", report.gigabytesPerSecond()) + ", "
                                + report.threads() + " threads")
                .add("decoder", report.decoder())
                .add("memory", report.memory());
        if (report.scaledTensors() > 0) {
            facts.add("scales", "companion scales: " + Sizes.grouped(report.scaledTensors()) + " applied");
        }
        if (report.unappliedScales() > 0) {
            facts.add(
                    "scales",
                    "companion scales: " + Sizes.grouped(report.unappliedScales())
                            + " not applied; --apply-scales applies them");
        }
        hugePageBytes.ifPresent(bytes -> facts.add("in huge pages", Sizes.bytes(bytes)));
        facts.add("heap peak", Sizes.bytes(heapPeakBytes));
        rssPeakBytes.ifPresent(bytes -> facts.add("RSS peak", Sizes.bytes(bytes) + ", " + againstDense(bytes)));
        new MachineFacts(machine).print(facts);
    }

    private String againstDense(long rss) {
        long above = rss - report.denseBytes();
        return Sizes.rounded(Math.abs(above)) + (above < 0 ? " below" : " above") + " the dense size";
    }

    /// Writes the fields of the report.
    void writeJson(JsonGenerator json) throws IOException {
        json.writeStringField("file", file);
        json.writeNumberField("tensors", report.tensors());
        json.writeNumberField("denseBytes", report.denseBytes());
        json.writeNumberField("fileBytes", fileBytes);
        json.writeNumberField("sourceBytes", report.sourceBytes());
        json.writeNumberField("seconds", report.seconds());
        json.writeNumberField("gigabytesPerSecond", report.gigabytesPerSecond());
        json.writeNumberField("threads", report.threads());
        json.writeStringField("decoder", report.decoder());
        json.writeStringField("memory", report.memory());
        json.writeStringField("names", names);
        json.writeNumberField("scaledTensors", report.scaledTensors());
        json.writeNumberField("unappliedScales", report.unappliedScales());
        if (hugePageBytes.isPresent()) {
            json.writeNumberField("hugePageBytes", hugePageBytes.getAsLong());
        }
        json.writeNumberField("heapPeakBytes", heapPeakBytes);
        if (rssPeakBytes.isPresent()) {
            json.writeNumberField("rssPeakBytes", rssPeakBytes.getAsLong());
        }
        new MachineFacts(machine).writeJson(json);
    }
}
