package dev.ffmstore.cli.weights;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import dev.ffmstore.gguf.Source;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One JSON document of an untrusted file, read as a stream: a key twice, a value of another type than expected, or
/// anything behind the document is an error of one line that names the file.
final class StrictJson {
    private static final int MOST_NUMBERS = 64;

    private static final JsonFactory FACTORY = JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    /// Takes one field of an object. Its value must be read whole.
    @FunctionalInterface
    interface Field {
        void read(String name, StrictJson value) throws IOException;
    }

    /// Takes one element of an array. It must be read whole.
    @FunctionalInterface
    interface Element {
        void read(StrictJson value) throws IOException;
    }

    private final String file;
    private final String document;
    private final JsonParser parser;

    private StrictJson(String file, String document, JsonParser parser) {
        this.file = file;
        this.document = document;
        this.parser = parser;
    }

    /// What a document is to be: an object, or an array.
    @FunctionalInterface
    interface Body {
        void read(StrictJson json) throws IOException;
    }

    /// Reads a document.
    ///
    /// @param source the file
    /// @param document what the document is, as it stands in messages
    /// @param offset where it starts in the file
    /// @param size its size in bytes
    /// @param body reads the one value that the document is
    static void read(Source source, String document, long offset, long size, Body body) throws IOException {
        try (SourceStream in = new SourceStream(source, offset, size);
                JsonParser parser = FACTORY.createParser(in)) {
            StrictJson json = new StrictJson(source.name(), document, parser);
            parser.nextToken();
            body.read(json);
            if (parser.nextToken() != null) {
                throw json.problem("something stands behind its end");
            }
        } catch (JsonProcessingException e) {
            throw WeightsException.of(
                    source.name(), "the " + document + " is not valid JSON: " + firstLine(e.getOriginalMessage()));
        }
    }

    private static String firstLine(@Nullable String message) {
        return message == null
                ? "no reason given"
                : WeightsException.shown(message.lines().findFirst().orElse(""));
    }

    /// Reads the object that is the current value.
    void object(Field field) throws IOException {
        require(JsonToken.START_OBJECT, "an object");
        for (String name = parser.nextFieldName(); name != null; name = parser.nextFieldName()) {
            parser.nextToken();
            field.read(name, this);
        }
    }

    /// Reads the array that is the current value.
    void array(Element element) throws IOException {
        require(JsonToken.START_ARRAY, "an array");
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            element.read(this);
        }
    }

    /// {@return the string that is the current value}
    String string() throws IOException {
        require(JsonToken.VALUE_STRING, "a string");
        return parser.getText();
    }

    /// {@return the array that is the current value, of numbers of 0 or more}
    long[] naturals() throws IOException {
        List<Long> numbers = new ArrayList<>();
        array(number -> {
            require(JsonToken.VALUE_NUMBER_INT, "a whole number");
            long value = parser.getLongValue();
            if (value < 0 || numbers.size() == MOST_NUMBERS) {
                throw problem("expected at most " + MOST_NUMBERS + " numbers of 0 or more");
            }
            numbers.add(value);
        });
        return numbers.stream().mapToLong(Long::longValue).toArray();
    }

    /// Passes over the current value, whatever it is.
    void skip() throws IOException {
        parser.skipChildren();
    }

    private void require(JsonToken token, String what) throws IOException {
        if (parser.currentToken() != token) {
            throw problem("expected " + what);
        }
    }

    /// {@return an exception for something wrong at the current value}
    WeightsException problem(String what) {
        return WeightsException.of(
                file,
                "the " + document + " is malformed at byte "
                        + parser.currentTokenLocation().getByteOffset() + ": " + what);
    }
}
