package dev.ffmstore.formats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import dev.ffmstore.ModelException;
import dev.ffmstore.gguf.ByteSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Assume;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import net.jqwik.api.statistics.Statistics;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Compares with Jackson, which differs in these ways; the generators keep away from them:
///
/// - It takes the escape of a lone surrogate, which stands for no character; here it is refused.
/// - It looks for UTF-16, UTF-32 and a byte order mark where it is given bytes, and takes some bytes that are not
///   UTF-8; it is given text here, and what is UTF-8 is compared with the decoder of the platform.
/// - It refuses numbers of more than 1,000 characters, names of more than 50,000 and strings of more than
///   20,000,000. Here numbers and strings that are passed over have any length, and one that is asked for has
///   its own limit.
/// - Both refuse more than 1,000 levels, of which ours counts those that are passed over.
/// - It can look for fields that occur twice at any depth; here that is done in objects that are read, not in those
///   that are passed over.
class StrictJsonTest {
    private static final int WINDOW_BYTES = 64 << 10;

    private static void read(byte[] text, StrictJson.Body body) throws IOException {
        StrictJson.read(new ByteSource(text), "text", 0, text.length, body);
    }

    private static void read(String text, StrictJson.Body body) throws IOException {
        read(text.getBytes(StandardCharsets.UTF_8), body);
    }

    /// {@return whether a text is accepted by reading it in some way; anything but a right refusal is an error}
    private static boolean accepts(String text, StrictJson.Body body) throws IOException {
        try {
            read(text, body);
            return true;
        } catch (ModelException e) {
            assertThat(e).hasMessageStartingWith(ByteSource.NAME + ": the text is ");
            return false;
        }
    }

    private static String string(String text) throws IOException {
        return string(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String string(byte[] text) throws IOException {
        List<String> read = new ArrayList<>();
        read(text, json -> read.add(json.string()));
        return read.getFirst();
    }

    private static List<Long> naturals(String text) throws IOException {
        List<List<Long>> read = new ArrayList<>();
        read(text, json -> read.add(json.naturals()));
        return read.getFirst();
    }

    /// A value as Jackson has it.
    private sealed interface Node {
        record OfObject(List<Field> fields) implements Node {}

        record OfArray(List<Node> elements) implements Node {}

        record OfText(String text) implements Node {}

        record OfOther() implements Node {}

        record Field(String name, Node value) {}

        /// {@return the one value of a text; empty if that is not right}
        static Optional<Node> parse(String text, StreamReadFeature... features) throws IOException {
            JsonFactory jackson = JsonFactory.builder().build();
            try (JsonParser parser = jackson.createParser(text)) {
                for (StreamReadFeature feature : features) {
                    parser.enable(feature.mappedFeature());
                }
                JsonToken first = parser.nextToken();
                if (first == null) {
                    return Optional.empty();
                }
                Node node = of(parser, first);
                return parser.nextToken() == null ? Optional.of(node) : Optional.empty();
            } catch (JsonProcessingException e) {
                return Optional.empty();
            }
        }

        private static Node of(JsonParser parser, @Nullable JsonToken token) throws IOException {
            return switch (token) {
                case START_OBJECT -> {
                    List<Field> fields = new ArrayList<>();
                    while (parser.nextToken() != JsonToken.END_OBJECT) {
                        String name = parser.currentName();
                        fields.add(new Field(name, of(parser, parser.nextToken())));
                    }
                    yield new OfObject(fields);
                }
                case START_ARRAY -> {
                    List<Node> elements = new ArrayList<>();
                    for (JsonToken its = parser.nextToken(); its != JsonToken.END_ARRAY; its = parser.nextToken()) {
                        elements.add(of(parser, its));
                    }
                    yield new OfArray(elements);
                }
                case VALUE_STRING -> new OfText(parser.getText());
                case null -> throw new AssertionError("ends inside a value without saying so");
                default -> {
                    parser.getText(); // of a number, that is where it is read
                    yield new OfOther();
                }
            };
        }

        /// Reads the value, each part by its type, and compares.
        default void compare(StrictJson json) throws IOException {
            switch (this) {
                case OfObject(List<Field> fields) -> {
                    Iterator<Field> expected = fields.iterator();
                    json.object((name, value) -> {
                        Field field = expected.next();
                        assertThat(name).isEqualTo(field.name());
                        field.value().compare(value);
                    });
                    assertThat(expected).isExhausted();
                }
                case OfArray(List<Node> elements) -> {
                    Iterator<Node> expected = elements.iterator();
                    json.array(value -> (expected.hasNext() ? expected.next() : new OfOther()).compare(value));
                    assertThat(expected).isExhausted();
                }
                case OfText(String text) -> assertThat(json.string()).isEqualTo(text);
                case OfOther() -> json.skip();
            }
        }
    }

    @Provide
    static Arbitrary<String> texts() {
        return Combinators.combine(space(), values(), space()).as((before, value, after) -> before + value + after);
    }

    private static Arbitrary<String> values() {
        return Arbitraries.recursive(StrictJsonTest::scalars, StrictJsonTest::nested, 0, 4);
    }

    private static Arbitrary<String> scalars() {
        return Arbitraries.oneOf(
                Arbitraries.of(
                        "true",
                        "false",
                        "null",
                        "0",
                        "-0",
                        "12",
                        "-1.5",
                        "1e9",
                        "0.0E-3",
                        "2E+4",
                        "10.25",
                        "123456789012345678901"),
                strings());
    }

    private static Arbitrary<String> strings() {
        return Arbitraries.of(
                        "a",
                        "b",
                        " ",
                        "é",
                        "\u07ff",
                        "\u0800",
                        "\ufffd",
                        "😀",
                        "\u007f",
                        "\u2028",
                        "'",
                        "/",
                        "\\n",
                        "\\r",
                        "\\t",
                        "\\b",
                        "\\f",
                        "\\\"",
                        "\\\\",
                        "\\/",
                        "\\u0041",
                        "\\u00E9",
                        "\\u0000",
                        "\\uFFFF",
                        "\\ud83d\\uDE00")
                .list()
                .ofMaxSize(4)
                .map(pieces -> "\"" + String.join("", pieces) + "\"");
    }

    private static Arbitrary<String> nested(Arbitrary<String> inner) {
        Arbitrary<String> element =
                Combinators.combine(space(), inner, space()).as((before, value, after) -> before + value + after);
        Arbitrary<String> name = Arbitraries.of("\"a\"", "\"\\u0061\"", "\"b\"", "\"\"", "\"é\"", "\"\\u00e9\"");
        Arbitrary<String> field = Combinators.combine(space(), name, space(), element)
                .as((before, its, after, value) -> before + its + after + ":" + value);
        return Arbitraries.oneOf(
                element.list().ofMaxSize(3).map(values -> "[" + String.join(",", values) + "]"),
                field.list().ofMaxSize(3).map(values -> "{" + String.join(",", values) + "}"));
    }

    private static Arbitrary<String> space() {
        return Arbitraries.frequency(Tuple.of(6, ""), Tuple.of(1, " "), Tuple.of(1, "\n\t"), Tuple.of(1, "\r"));
    }

    /// A change of a text: some of its characters become others.
    private record Change(int place, int length, String text) {
        static Arbitrary<Change> any() {
            Arbitrary<String> text = Arbitraries.of(
                    "",
                    "",
                    "{",
                    "}",
                    "[",
                    "]",
                    ",",
                    ":",
                    "\"",
                    "\\",
                    "0",
                    "1",
                    "-",
                    "+",
                    ".",
                    "e",
                    "E",
                    "t",
                    "n",
                    "u",
                    "true",
                    " ",
                    "\n",
                    "\f",
                    "\u0001",
                    "\u0000",
                    "\ufeff",
                    "\u00a0",
                    "/",
                    "//",
                    "/**/",
                    "#",
                    "'",
                    "é",
                    "😀",
                    "NaN",
                    ",\"a\":0",
                    "\\u00",
                    "\\ud83d\\ude00");
            return Combinators.combine(
                            Arbitraries.integers().between(0, 100), Arbitraries.of(0, 0, 1, 1, 2, 5, 100), text)
                    .as(Change::new);
        }

        String of(String original) {
            int[] characters = original.codePoints().toArray();
            int from = place % (characters.length + 1);
            int to = Math.min(characters.length, from + length);
            return new String(characters, 0, from) + text + new String(characters, to, characters.length - to);
        }
    }

    @Provide
    static Arbitrary<String> damagedTexts() {
        return Combinators.combine(texts(), Change.any().list().ofMinSize(1).ofMaxSize(3))
                .as((text, changes) -> {
                    String damaged = text;
                    for (Change change : changes) {
                        damaged = change.of(damaged);
                    }
                    return damaged;
                });
    }

    private static boolean hasLoneSurrogate(String text) {
        String escapes = text.replaceAll("\\\\\\\\", ""); // without the escapes of backslashes
        String rest = escapes.replaceAll("(?i)\\\\ud[89ab]..\\\\ud[c-f]..", "");
        return Pattern.compile("(?i)\\\\ud[89a-f]").matcher(rest).find();
    }

    @Property(tries = 5_000, edgeCases = EdgeCasesMode.NONE)
    void readsWhatJacksonReads(@ForAll("texts") String text) throws IOException {
        compareWithJackson(text);
    }

    @Property(tries = 10_000, edgeCases = EdgeCasesMode.NONE)
    void refusesWhatJacksonRefuses(@ForAll("damagedTexts") String text) throws IOException {
        Assume.that(!hasLoneSurrogate(text));
        compareWithJackson(text);
    }

    private static void compareWithJackson(String text) throws IOException {
        Optional<Node> node = Node.parse(text);
        assertThat(accepts(text, StrictJson::skip)).isEqualTo(node.isPresent());
        if (node.isEmpty()) {
            Statistics.collect("malformed");
            return;
        }
        boolean unique =
                Node.parse(text, StreamReadFeature.STRICT_DUPLICATE_DETECTION).isPresent();
        Statistics.collect(unique ? "right" : "a field occurs twice");
        assertThat(accepts(text, json -> node.get().compare(json))).isEqualTo(unique);
    }

    @Test
    void escapesStandForTheirCharacters() throws IOException {
        assertThat(string("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u00E9\\u0000\\uffff\""))
                .isEqualTo("\"\\/\b\f\n\r\tAéé\0\uffff");
        assertThat(string("\"\\ud83d\\ude00\\uDBFF\\uDFFF😀\"")).isEqualTo("😀\udbff\udfff😀");
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '|',
            value = {
                "\"\\x\", unknown escape",
                "\"\\U0041\", unknown escape",
                "\"\\'\", unknown escape",
                "\"\\, unknown escape",
                "\"\\u004\", malformed escape",
                "\"\\u00g0\", malformed escape",
                "\"\\u+041\", malformed escape",
                "\"\\u00², malformed escape",
                "\"\\ud83d\", a lone surrogate",
                "\"\\ud83dx\", a lone surrogate",
                "\"\\ud83d\\n\", a lone surrogate",
                "\"\\ud83d\\u0041\", a lone surrogate",
                "\"\\ud83d\\ud83d\", a lone surrogate",
                "\"\\ude00\", a lone surrogate",
                "\"a, ends inside a string"
            })
    void refusesMalformedStrings(String text, String reason) {
        assertThatThrownBy(() -> string(text))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("the text is not valid JSON: " + reason);
        assertThatThrownBy(() -> read(text, StrictJson::skip))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("the text is not valid JSON: " + reason);
    }

    @Test
    void refusesEveryControlCharacterInAString() throws IOException {
        for (char c = 0; c < ' '; c++) {
            String text = "\"a" + c + "\"";
            assertThatThrownBy(() -> string(text)).hasMessageContaining("a control character in a string, at byte 3");
            assertThatThrownBy(() -> read(text, StrictJson::skip)).hasMessageContaining("a control character");
        }
        assertThat(string("\"\u007f\u0080\"")).isEqualTo("\u007f\u0080");
    }

    /// Bytes near the bounds of all classes of UTF-8.
    @Provide
    static Arbitrary<List<Integer>> almostUtf8() {
        return Arbitraries.of(
                        0x61, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED,
                        0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xF8, 0xFC, 0xFF)
                .list()
                .ofMinSize(1)
                .ofMaxSize(5);
    }

    @Property(tries = 10_000, edgeCases = EdgeCasesMode.NONE)
    void stringsAreUtf8WhetherTheyAreKeptOrPassedOver(@ForAll("almostUtf8") List<Integer> bytes) throws IOException {
        ByteBuffer text = ByteBuffer.allocate(bytes.size() + 2).put((byte) '"');
        bytes.forEach(b -> text.put(b.byteValue()));
        text.put((byte) '"');
        String expected;
        try {
            expected = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(text.flip().duplicate())
                    .toString();
        } catch (CharacterCodingException e) {
            Statistics.collect("malformed");
            for (StrictJson.Body body : List.<StrictJson.Body>of(StrictJson::string, StrictJson::skip)) {
                assertThatThrownBy(() -> read(text.array(), body))
                        .isInstanceOf(ModelException.class)
                        .hasMessageContaining("a string is not UTF-8");
            }
            return;
        }
        Statistics.collect("right");
        assertThat("\"" + string(text.array()) + "\"").isEqualTo(expected);
        read(text.array(), StrictJson::skip);
    }

    @Test
    void longStringsArePassedOverButNotKept() throws IOException {
        String most = "\"" + "x".repeat(1 << 20) + "\"";
        assertThat(string(most)).hasSize(1 << 20);
        String twoMebibytes = "\"" + "é".repeat(1 << 20) + "\"";
        for (String text : List.of(most.replaceFirst("x", "xx"), twoMebibytes)) {
            assertThatThrownBy(() -> string(text))
                    .isInstanceOf(ModelException.class)
                    .hasMessageContaining("malformed at byte 0: expected a string of 1048576 bytes at most");
            read(text, StrictJson::skip);
            read(text, StrictJson::skipString);
            read("{\"a\":[" + text + "]}", StrictJson::skip);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"1", "null", "[\"\"]", "{}", ""})
    void whatIsNoStringIsNotPassedOverAsOne(String text) {
        assertThatThrownBy(() -> read(text, StrictJson::skipString))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("expected a string");
    }

    @Test
    void naturalsAreWholeNumbersOf63Bits() throws IOException {
        assertThat(naturals("[]")).isEmpty();
        assertThat(naturals(" [ 0 ,\n-0, 9223372036854775807] ")).containsExactly(0L, 0L, Long.MAX_VALUE);
        assertThat(naturals("[" + "1,".repeat(63) + "1]")).hasSize(64);
        assertThatThrownBy(() -> naturals("[" + "1,".repeat(64) + "1]"))
                .hasMessageContaining("expected at most 64 numbers");
        String digits = "1".repeat(100_000);
        for (String wrong : List.of(
                "-1",
                "9223372036854775808",
                "1.0",
                "1e2",
                "0.5",
                "true",
                "\"1\"",
                "[1]",
                "{}",
                digits,
                "-" + digits,
                "0." + digits)) {
            assertThatThrownBy(() -> naturals("[7, " + wrong + "]"))
                    .isInstanceOf(ModelException.class)
                    .hasMessageContaining("malformed at byte 4: expected a whole number from 0 to 2^63 - 1");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"01", "-", "-a", "+1", ".5", "1.", "1.e3", "1e", "1e+", "0x1", "1_0", "NaN", "Infinity", "--1"})
    void refusesMalformedNumbers(String number) {
        for (String text : List.of(number, "[" + number + "]", "{\"a\":" + number + "}")) {
            assertThatThrownBy(() -> read(text, StrictJson::skip)).isInstanceOf(ModelException.class);
        }
        assertThatThrownBy(() -> naturals("[" + number + "]")).isInstanceOf(ModelException.class);
    }

    @Test
    void numbersThatArePassedOverHaveAnyLength() throws IOException {
        String digits = "1".repeat(100_000);
        read("[" + digits + ",-" + digits + "." + digits + "e-" + digits + "]", StrictJson::skip);
    }

    @Test
    void fieldsThatOccurTwiceAreNoticedWhereTheObjectIsRead() throws IOException {
        String text = "{\"a\":{\"b\":1,\"\\u0062\":2}}";
        read(text, StrictJson::skip);
        read(text, json -> json.object((_, value) -> value.skip()));
        assertThatThrownBy(() -> read(text, json -> json.object((_, value) -> value.object((_, its) -> its.skip()))))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("not valid JSON: field b occurs twice in an object");
    }

    @Test
    void aThousandLevelsArePassedOver() throws IOException {
        for (String text : List.of("[".repeat(1000) + "]".repeat(1000), "{\"\":[".repeat(500) + "]}".repeat(500))) {
            read(text, StrictJson::skip);
            assertThat(Node.parse(text)).isPresent();
            String deeper = "[" + text + "]";
            assertThatThrownBy(() -> read(deeper, StrictJson::skip))
                    .isInstanceOf(ModelException.class)
                    .hasMessageContaining("not valid JSON: nested more than 1000 deep");
            assertThat(Node.parse(deeper)).isEmpty();
            read(deeper, json -> json.array(StrictJson::skip));
        }
        assertThatThrownBy(() -> read("[".repeat(1_000_000), StrictJson::skip)).hasMessageContaining("1000 deep");
    }

    private static final String EVERYTHING =
            " {\"n\" : [ 0, -12.50e+3 , 1E-2],\"té\\u00e9😀\\ud83d\\ude00\":\"v\\n\\\\\",\r\n\"w\":[true,false,null],\"o\":{\"\":{}},\"l\":[[],\"\"]} ";

    @Test
    void everyTokenMayLieAcrossTheBorderOfTheWindow() throws IOException {
        Node node = Node.parse(EVERYTHING).orElseThrow();
        int length = EVERYTHING.getBytes(StandardCharsets.UTF_8).length;
        for (int before = WINDOW_BYTES - length; before <= WINDOW_BYTES; before++) {
            String text = " ".repeat(before) + EVERYTHING;
            read(text, node::compare);
            read(text, StrictJson::skip);
        }
    }

    @Test
    void aDocumentEndsWhereItsSizeSaysWhateverFollows() throws IOException {
        byte[] file = ("{" + EVERYTHING + "}").getBytes(StandardCharsets.UTF_8);
        Node node = Node.parse(EVERYTHING).orElseThrow();
        StrictJson.read(new ByteSource(file), "text", 1, file.length - 2, node::compare);
        assertThatThrownBy(() -> StrictJson.read(new ByteSource(file), "text", 1, file.length - 1, node::compare))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("there is more after its end");
    }

    @Test
    void aDocumentThatIsCutAnywhereIsRefused() throws IOException {
        String text = EVERYTHING.strip();
        Node node = Node.parse(text).orElseThrow();
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        for (int length = 0; length < bytes.length; length++) {
            byte[] cut = Arrays.copyOf(bytes, length);
            for (StrictJson.Body body : List.<StrictJson.Body>of(StrictJson::skip, node::compare)) {
                assertThat(catchThrowable(() -> read(cut, body)))
                        .as("cut after %d bytes", length)
                        .isInstanceOf(ModelException.class);
            }
        }
        read(bytes, node::compare);
    }
}
