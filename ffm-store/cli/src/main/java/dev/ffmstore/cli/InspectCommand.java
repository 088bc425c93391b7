package dev.ffmstore.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.ffmstore.CompanionScale;
import dev.ffmstore.DType;
import dev.ffmstore.Model;
import dev.ffmstore.NameFilter;
import dev.ffmstore.StoredTensor;
import dev.ffmstore.cli.report.Sizes;
import dev.ffmstore.cli.report.Table;
import dev.ffmstore.gguf.GgufFile;
import dev.ffmstore.gguf.MetadataType;
import dev.ffmstore.gguf.MetadataValue;
import dev.ffmstore.internal.text.Printable;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `inspect`: prints what is in a file, of which only the header is read.
@Command(
        name = "inspect",
        description = "Shows what is in a file: its metadata, its tensors, and what is odd about them.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        footerHeading = "%nExamples:%n",
        footer = {
            "  ffm-store inspect model.gguf",
            "  ffm-store inspect --json model.gguf | jq '.tensors[] | select(.type == \"Q6_K\") | .name'"
        })
final class InspectCommand extends FileCommand {
    /// How many characters of a value are in the table.
    private static final int VALUE_CHARACTERS = 60;

    /// How many bytes of a value are read: more than any text of that many characters has.
    private static final long VALUE_BYTES = 4L * (VALUE_CHARACTERS + 1);

    /// The longest key in the table: a longer one would widen every row.
    private static final int KEY_CHARACTERS = 200;

    /// The longest text in JSON: longer ones are cut, so that one object fits into any heap.
    private static final long JSON_TEXT_BYTES = 64 << 10;

    private static final int FIRST_ELEMENTS = 8;

    @Option(
            names = "--part-only",
            description = "show one part of a split model as it is, even if the other parts are missing or do not fit")
    private boolean partOnly;

    @Override
    Model open(ReadingOptions options, ModelArgument argument) throws IOException {
        return partOnly ? options.openPart(argument) : options.open(argument);
    }

    @Override
    boolean showsWarnings() {
        return true;
    }

    @Override
    void execute(Model model) throws IOException {
        if (json) {
            printJson(out -> writeJson(out, model));
        } else {
            print(model);
        }
    }

    private void print(Model model) {
        PrintWriter out = out();
        List<GgufFile> files = model.gguf();
        out.println(Printable.escape(model.name()) + ": " + model.format()
                + (files.isEmpty() ? "" : " version " + files.getFirst().version())
                + (files.size() > 1 ? ", " + files.size() + " parts" : "") + ", "
                + Sizes.bytes(model.byteSize()));
        out.println();
        if (!files.isEmpty()) {
            new Table<Map.Entry<String, MetadataValue>>()
                    .text("key", entry -> Printable.escape(entry.getKey(), KEY_CHARACTERS))
                    .text("type", entry -> typeOf(entry.getValue()))
                    .text("value", entry -> abridged(entry.getValue()))
                    .print(out, model.metadata().asMap().entrySet());
            out.println();
        }
        Table<StoredTensor> tensors = new Table<StoredTensor>()
                .text("tensor", tensor -> Printable.escape(tensor.name()))
                .text("type", tensor -> Printable.escape(type(tensor), 100))
                .text("shape", tensor -> tensor.shape().toString());
        if (files.size() > 1) {
            tensors.number("part", tensor -> tensor.part() + 1L);
        }
        tensors.number("offset", StoredTensor::offset).number("bytes", StoredTensor::byteSize);
        if (!model.companions().isEmpty()) {
            tensors.text(
                    "companion scale",
                    tensor -> model.companion(tensor)
                            .map(companion -> Printable.escape(companion.scale().name()))
                            .orElse(""));
        }
        tensors.print(out, model.tensors());
        out.println();
        if (files.isEmpty()) {
            out.println(Sizes.grouped(model.tensors().size()) + " tensors, names and layouts: "
                    + Printable.escape(model.convention()));
        } else {
            out.println(Sizes.grouped(model.metadata().asMap().size()) + " keys, "
                    + Sizes.grouped(model.tensors().size()) + " tensors, data from offset "
                    + files.stream()
                            .map(file -> Sizes.grouped(file.dataOffset()))
                            .distinct()
                            .collect(Collectors.joining(" / "))
                    + ", aligned to " + files.getFirst().alignment());
        }
        model.tensors().stream()
                .mapToLong(StoredTensor::byteSize)
                .reduce(Math::addExact)
                .ifPresent(bytes -> out.println("blocks: " + Sizes.bytes(bytes)));
        ModelWarnings.of(model, NameFilter.all()).forEach(warning -> out.println("warning: " + warning));
    }

    private static String type(StoredTensor tensor) {
        return tensor.isTyped() ? tensor.type().name() : StoredTensor.UNTYPED;
    }

    private static String typeOf(MetadataValue value) {
        return value instanceof MetadataValue.Array array
                ? array.toString()
                : value.type().toString();
    }

    /// Returns the beginning of a value, as the table has it.
    private static String abridged(MetadataValue value) {
        return switch (value) {
            case MetadataValue.Text text -> Printable.escape(beginning(text.bytes()), VALUE_CHARACTERS);
            case MetadataValue.Array array -> abridged(array);
            default -> value.toString();
        };
    }

    private static String abridged(MetadataValue.Array array) {
        StringBuilder elements = new StringBuilder();
        long next = 0;
        while (next < array.size() && elements.length() < VALUE_CHARACTERS) {
            elements.append(next == 0 ? "" : ", ").append(element(array, next));
            next++;
        }
        String shown = Printable.escape(elements.toString(), VALUE_CHARACTERS);
        return next < array.size() && !shown.endsWith("…") ? shown + ", …" : shown;
    }

    private static String element(MetadataValue.Array array, long index) {
        return switch (array.elementType()) {
            case STRING -> beginning(array.stringBytes(index));
            case FLOAT32 -> Float.toString((float) array.real(index));
            case FLOAT64 -> Double.toString(array.real(index));
            case BOOL -> Boolean.toString(array.bool(index));
            case UINT64 -> Long.toUnsignedString(array.integer(index));
            default -> Long.toString(array.integer(index));
        };
    }

    /// Returns the beginning of a text, longer than what the table has of it.
    private static String beginning(MemorySegment bytes) {
        MemorySegment some = bytes.asSlice(0, Math.min(bytes.byteSize(), VALUE_BYTES));
        return new String(some.toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
    }

    private static void writeJson(JsonGenerator json, Model model) throws IOException {
        json.writeStringField("file", model.name());
        json.writeNumberField("fileBytes", model.byteSize());
        json.writeStringField("format", model.format().toString());
        List<GgufFile> files = model.gguf();
        if (files.isEmpty()) {
            json.writeStringField("names", model.convention());
        } else {
            GgufFile first = files.getFirst();
            json.writeNumberField("version", first.version());
            json.writeNumberField("alignment", first.alignment());
            json.writeNumberField("dataOffset", first.dataOffset());
        }
        if (files.size() > 1) {
            writeParts(json, files);
        }
        json.writeArrayFieldStart("metadata");
        for (Map.Entry<String, MetadataValue> entry : model.metadata().asMap().entrySet()) {
            json.writeStartObject();
            json.writeStringField("key", entry.getKey());
            json.writeStringField("type", entry.getValue().type().toString());
            writeValue(json, entry.getValue());
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeArrayFieldStart("tensors");
        for (StoredTensor tensor : model.tensors()) {
            json.writeStartObject();
            json.writeStringField("name", tensor.name());
            json.writeStringField("type", type(tensor));
            json.writeFieldName("shape");
            json.writeArray(tensor.shape().toArray(), 0, tensor.shape().rank());
            if (files.size() > 1) {
                json.writeNumberField("part", tensor.part() + 1);
            }
            json.writeNumberField("offset", tensor.offset());
            json.writeNumberField("bytes", tensor.byteSize());
            if (tensor.unreadable().isEmpty()) {
                json.writeNumberField(
                        "denseBytes",
                        DType.denseOf(tensor.type()).byteSize(tensor.shape().elementCount()));
            }
            Optional<CompanionScale> companion = model.companion(tensor);
            if (companion.isPresent()) {
                json.writeStringField("companionScale", companion.get().scale().name());
            }
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeArrayFieldStart("warnings");
        for (String warning : ModelWarnings.of(model, NameFilter.all())) {
            json.writeString(warning);
        }
        json.writeEndArray();
    }

    private static void writeParts(JsonGenerator json, List<GgufFile> files) throws IOException {
        json.writeArrayFieldStart("parts");
        for (GgufFile file : files) {
            json.writeStartObject();
            json.writeStringField("file", file.name());
            json.writeNumberField("fileBytes", file.source().size());
            json.writeNumberField("alignment", file.alignment());
            json.writeNumberField("dataOffset", file.dataOffset());
            json.writeNumberField("tensors", file.tensors().size());
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private static void writeValue(JsonGenerator json, MetadataValue value) throws IOException {
        switch (value) {
            case MetadataValue.Array array -> {
                json.writeStringField("elementType", array.elementType().toString());
                json.writeNumberField("size", array.size());
                json.writeArrayFieldStart("first");
                for (long i = 0; i < Math.min(array.size(), FIRST_ELEMENTS); i++) {
                    writeElement(json, array, i);
                }
                json.writeEndArray();
            }
            case MetadataValue.Text text -> writeText(json, text.bytes());
            case MetadataValue.Bool bool -> json.writeBooleanField("value", bool.value());
            case MetadataValue.Real real -> {
                json.writeFieldName("value");
                writeReal(json, real.type(), real.value());
            }
            case MetadataValue.Int number -> {
                json.writeFieldName("value");
                writeInteger(json, number.type(), number.value());
            }
        }
    }

    /// Writes a text, and its length if the text is cut.
    private static void writeText(JsonGenerator json, MemorySegment bytes) throws IOException {
        json.writeStringField("value", text(bytes));
        if (bytes.byteSize() > JSON_TEXT_BYTES) {
            json.writeNumberField("bytes", bytes.byteSize());
        }
    }

    private static String text(MemorySegment bytes) {
        byte[] kept =
                bytes.asSlice(0, Math.min(bytes.byteSize(), JSON_TEXT_BYTES)).toArray(ValueLayout.JAVA_BYTE);
        return new String(kept, StandardCharsets.UTF_8);
    }

    private static void writeElement(JsonGenerator json, MetadataValue.Array array, long index) throws IOException {
        switch (array.elementType()) {
            case STRING -> json.writeString(text(array.stringBytes(index)));
            case BOOL -> json.writeBoolean(array.bool(index));
            case FLOAT32, FLOAT64 -> writeReal(json, array.elementType(), array.real(index));
            default -> writeInteger(json, array.elementType(), array.integer(index));
        }
    }

    private static void writeReal(JsonGenerator json, MetadataType type, double value) throws IOException {
        if (type == MetadataType.FLOAT32) {
            json.writeNumber((float) value);
        } else {
            json.writeNumber(value);
        }
    }

    private static void writeInteger(JsonGenerator json, MetadataType type, long value) throws IOException {
        if (type == MetadataType.UINT64) {
            json.writeNumber(Long.toUnsignedString(value));
        } else {
            json.writeNumber(value);
        }
    }
}
