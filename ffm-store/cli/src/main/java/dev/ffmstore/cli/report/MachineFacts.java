package dev.ffmstore.cli.report;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;

/// The machine that a report's figures come from, printed at its end.
///
/// @param machine the machine and its JVM
record MachineFacts(Machine machine) {

    void print(Facts facts) {
        facts.add("machine", machine.os() + ", " + machine.processor())
                .add(
                        "",
                        machine.processors() + " processors"
                                + (machine.memoryBytes() == 0
                                        ? ""
                                        : ", " + Sizes.rounded(machine.memoryBytes()) + " of memory"))
                .add("JVM", machine.jvm())
                .add("collector", machine.collectors())
                .add("flags", String.join(" ", machine.flags()));
    }

    void writeJson(JsonGenerator json) throws IOException {
        json.writeObjectFieldStart("machine");
        json.writeStringField("os", machine.os());
        json.writeStringField("processor", machine.processor());
        json.writeNumberField("processors", machine.processors());
        if (machine.memoryBytes() != 0) {
            json.writeNumberField("memoryBytes", machine.memoryBytes());
        }
        json.writeEndObject();
        json.writeStringField("jvm", machine.jvm());
        json.writeStringField("collector", machine.collectors());
        json.writeArrayFieldStart("flags");
        for (String flag : machine.flags()) {
            json.writeString(flag);
        }
        json.writeEndArray();
    }
}
