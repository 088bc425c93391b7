package dev.ffmstore.cli.report;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.ffmstore.internal.memory.ProcessMemory;
import java.io.IOException;
import java.util.OptionalLong;

/// How much memory the work of a report took, and on which machine: the end of every report. A number that the
/// system does not give is absent, not zero.
///
/// @param heapPeakBytes the sum of the peaks of the heap's pools, since the JVM started
/// @param rssPeakBytes the peak of the process's resident memory
/// @param machine the machine and its JVM
record Footprint(long heapPeakBytes, OptionalLong rssPeakBytes, Machine machine) {

    /// {@return the footprint of this process so far}
    static Footprint ofThisProcess() {
        return new Footprint(HeapUsage.peakBytes(), ProcessMemory.peakResidentBytes(), Machine.current());
    }

    void print(Facts facts) {
        facts.add("heap peak", Sizes.bytes(heapPeakBytes));
        rssPeakBytes.ifPresent(bytes -> facts.add("RSS peak", Sizes.bytes(bytes)));
        new MachineFacts(machine).print(facts);
    }

    /// Prints the footprint, and how the process's memory compares with the dense size.
    void printAgainst(long denseBytes, Facts facts) {
        facts.add("heap peak", Sizes.bytes(heapPeakBytes));
        rssPeakBytes.ifPresent(
                bytes -> facts.add("RSS peak", Sizes.bytes(bytes) + ", " + difference(bytes - denseBytes)));
        new MachineFacts(machine).print(facts);
    }

    private static String difference(long above) {
        return Sizes.rounded(Math.abs(above)) + (above < 0 ? " below" : " above") + " the dense size";
    }

    void writeJson(JsonGenerator json) throws IOException {
        json.writeNumberField("heapPeakBytes", heapPeakBytes);
        if (rssPeakBytes.isPresent()) {
            json.writeNumberField("rssPeakBytes", rssPeakBytes.getAsLong());
        }
        new MachineFacts(machine).writeJson(json);
    }
}
