package dev.ffmstore.bench.run;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.ffmstore.cli.report.Machine;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;

/// Writes a report as one JSON object.
public final class JsonReport {
    private JsonReport() {}

    /// Writes the fields of an object.
    @FunctionalInterface
    public interface Fields {
        void write(JsonGenerator out) throws IOException;
    }

    /// Prints an object and a line end; nothing if writing the fields fails.
    public static void print(PrintWriter target, Fields fields) throws IOException {
        StringWriter text = new StringWriter();
        try (JsonGenerator out = new JsonFactory().createGenerator(text).useDefaultPrettyPrinter()) {
            out.writeStartObject();
            fields.write(out);
            out.writeEndObject();
        }
        target.println(text);
        target.flush();
    }

    /// Writes the field `machine`.
    public static void machine(JsonGenerator out, Machine machine) throws IOException {
        out.writeObjectFieldStart("machine");
        out.writeStringField("os", machine.os());
        out.writeStringField("processor", machine.processor());
        out.writeNumberField("processors", machine.processors());
        out.writeNumberField("memoryBytes", machine.memoryBytes());
        out.writeStringField("jvm", machine.jvm());
        out.writeStringField("collectors", machine.collectors());
        out.writeArrayFieldStart("flags");
        for (String flag : machine.flags()) {
            out.writeString(flag);
        }
        out.writeEndArray();
        out.writeEndObject();
    }
}
