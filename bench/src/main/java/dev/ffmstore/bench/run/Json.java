package dev.ffmstore.bench.run;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// A JSON object that was read. A field that is asked for but missing is absent, or an error that names it.
///
/// @param fields the fields by name, in the text's order: maps, lists, strings, numbers, truth values, nulls
public record Json(Map<String, @Nullable Object> fields) {

    /// {@return the object that a text consists of}
    ///
    /// @throws IOException if the text is anything else
    public static Json parse(String text) throws IOException {
        try (JsonParser parser = new JsonFactory().createParser(text)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw new IOException("expected a JSON object, got " + parser.currentToken());
            }
            Json json = of(value(parser));
            if (parser.nextToken() != null) {
                throw new IOException("expected the end of the JSON text, got " + parser.currentToken());
            }
            return json;
        }
    }

    @SuppressWarnings("unchecked")
    private static Json of(@Nullable Object object) {
        return new Json((Map<String, @Nullable Object>) object);
    }

    /// Returns the value at the current token.
    private static @Nullable Object value(JsonParser parser) throws IOException {
        return switch (parser.currentToken()) {
            case START_OBJECT -> {
                Map<String, @Nullable Object> fields = new LinkedHashMap<>();
                while (parser.nextToken() != JsonToken.END_OBJECT) {
                    String name = parser.currentName();
                    parser.nextToken();
                    fields.put(name, value(parser));
                }
                yield fields;
            }
            case START_ARRAY -> {
                List<@Nullable Object> elements = new ArrayList<>();
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    elements.add(value(parser));
                }
                yield elements;
            }
            case VALUE_NUMBER_INT -> parser.getLongValue();
            case VALUE_NUMBER_FLOAT -> parser.getDoubleValue();
            case VALUE_TRUE, VALUE_FALSE -> parser.getBooleanValue();
            case VALUE_STRING -> parser.getText();
            case VALUE_NULL -> null;
            default -> throw new IOException("unexpected JSON token " + parser.currentToken());
        };
    }

    /// Writes a value made of maps, lists, strings, numbers, truth values and nulls.
    public static void write(JsonGenerator out, @Nullable Object value) throws IOException {
        switch (value) {
            case null -> out.writeNull();
            case Json json -> write(out, json.fields);
            case Map<?, ?> map -> {
                out.writeStartObject();
                writeFields(out, map);
                out.writeEndObject();
            }
            case List<?> list -> {
                out.writeStartArray();
                for (Object element : list) {
                    write(out, element);
                }
                out.writeEndArray();
            }
            case Double number -> out.writeNumber(number);
            case Number number -> out.writeNumber(number.longValue());
            case Boolean truth -> out.writeBoolean(truth);
            default -> out.writeString(value.toString());
        }
    }

    /// Writes the entries of a map into the object that has been started.
    static void writeFields(JsonGenerator out, Map<?, ?> map) throws IOException {
        for (Map.Entry<?, ?> field : map.entrySet()) {
            out.writeFieldName(field.getKey().toString());
            write(out, field.getValue());
        }
    }

    public boolean has(String name) {
        return fields.get(name) != null;
    }

    private Object require(String name) {
        Object value = fields.get(name);
        if (value == null) {
            throw new IllegalArgumentException("JSON: expected a field " + name + ", got " + fields.keySet());
        }
        return value;
    }

    public String text(String name) {
        return require(name).toString();
    }

    public double number(String name) {
        return ((Number) require(name)).doubleValue();
    }

    /// {@return the number in a field, if the field exists}
    public Optional<Double> find(String name) {
        return has(name) ? Optional.of(number(name)) : Optional.empty();
    }

    public Json object(String name) {
        return of(require(name));
    }

    /// {@return the objects of an array; none if the field does not exist}
    public List<Json> objects(String name) {
        return has(name) ? ((List<?>) require(name)).stream().map(Json::of).toList() : List.of();
    }

    /// {@return the numbers of an array}
    public List<Double> numbers(String name) {
        return ((List<?>) require(name))
                .stream().map(number -> ((Number) number).doubleValue()).toList();
    }
}
