package dev.ffmstore.formats;

import static dev.ffmstore.formats.WeightFiles.field;
import static dev.ffmstore.formats.WeightFiles.floats;
import static dev.ffmstore.formats.WeightFiles.safetensors;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ffmstore.DType;
import dev.ffmstore.Model;
import dev.ffmstore.ModelException;
import dev.ffmstore.NameFilter;
import dev.ffmstore.StoredTensor;
import dev.ffmstore.TensorForm;
import dev.ffmstore.TensorReader;
import dev.ffmstore.TensorSlot;
import dev.ffmstore.TensorSource;
import dev.ffmstore.UnknownType;
import dev.ffmstore.gguf.GgufException;
import dev.ffmstore.gguf.Shape;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsReaderTest {
    private static final byte[] DATA = {1, 2, 3, 4, 5, 6, 7, 8};
    private static final String A = field("a", "F32", "[1]", 0, 4);
    private static final String B = field("b", "I16", "[2]", 4, 8);

    @TempDir
    Path folder;

    private Path write(String header, byte[] data) throws IOException {
        return Files.write(folder.resolve("model.safetensors"), safetensors(header, data));
    }

    @Test
    void readsTensorsInTheOrderOfTheirData() throws IOException {
        String empty = field("leer \\u00fc", "F64", "[0, 3]", 8, 8);
        Path file = write(
                "{\"__metadata__\":{\"format\":\"pt\",\"names\":\"hf\"}," + B + "," + empty + "," + A + "}      ",
                DATA);
        TensorSource source = Dense.source(file);
        assertThat(Dense.bytes(source))
                .containsExactly(
                        Map.entry("a", Dense.list((byte) 1, (byte) 2, (byte) 3, (byte) 4)),
                        Map.entry("b", Dense.list((byte) 5, (byte) 6, (byte) 7, (byte) 8)),
                        Map.entry("leer ü", List.of()));
        assertThat(source.convention()).isEqualTo("hf");
        TensorSlot last = source.tensors().getLast();
        assertThat(last.shape()).isEqualTo(Shape.of(0, 3));
        assertThat(last.dtype()).isEqualTo(DType.F64);
        assertThat(last.stored().origin()).isEqualTo("F64");
        source.checkUnchanged();
    }

    @Test
    void longMetadataIsCheckedAndPassedOver() throws IOException {
        String text = "\\u00fc\\n😀".repeat(200_000); // longer than any string that is kept
        String fields = ",\"names\":\"hf\"}," + A + "," + B + "}";
        assertThat(Dense.source(write("{\"__metadata__\":{\"config\":\"" + text + "\"" + fields, DATA))
                        .convention())
                .isEqualTo("hf");
        for (String wrong : List.of("\"" + text + "\\x\"", "\"" + text, "[\"" + text + "\"]", "null")) {
            Path file = write("{\"__metadata__\":{\"config\":" + wrong + fields, DATA);
            assertThatThrownBy(() -> Dense.source(file)).isInstanceOf(ModelException.class);
        }
    }

    @ParameterizedTest
    @EnumSource(DType.class)
    void readsEveryDType(DType dtype) throws IOException {
        int size = dtype.byteSize();
        String shape = dtype.blockLength() == 1 ? "[]" : "[" + dtype.blockLength() + "]";
        Path file = write("{" + field("s", dtype.name(), shape, 0, size) + "}", new byte[size]);
        assertThat(Dense.source(file).tensors().getFirst().dtype()).isEqualTo(dtype);
    }

    @ParameterizedTest
    @CsvSource({"F4, 5, 2", "F4, 5, 3", "F6_E2M3, 2, 1", "F6_E3M2, 6, 4", "F6_E3M2, 6, 5"})
    void refusesElementsThatAreNotWholeBytes(String dtype, int elements, int bytes) throws IOException {
        Path file = write("{" + field("s", dtype, "[" + elements + "]", 0, bytes) + "}", new byte[bytes]);
        assertThatThrownBy(() -> Dense.source(file))
                .isInstanceOf(ModelException.class)
                .hasMessageStartingWith(
                        file + ": tensor s: the number of its elements of type " + dtype + ": expected whole bytes");
    }

    @ParameterizedTest
    @ValueSource(strings = {"F7_E3M3", "F8_E4M3FNUZ", "f32", "", "F32 ", "\\u202e"})
    void aTensorOfAnUnknownDTypeDoesNotStopTheOthers(String dtype) throws IOException {
        Path file = write("{" + A + "," + field("odd", dtype, "[4]", 4, 8) + "}", DATA);
        assertThatThrownBy(() -> Dense.source(file))
                .isInstanceOf(ModelException.class)
                .hasMessageStartingWith(file + ": tensor odd is of dtype")
                .hasMessageEndingWith(", which is not known")
                .message()
                .doesNotContain("\u202e");
        try (Model model = Model.open(file)) {
            StoredTensor odd = model.tensor("odd");
            assertThat(odd.byteSize()).isEqualTo(4);
            assertThat(odd.shape()).isEqualTo(Shape.of(4));
            assertThat(odd.type()).isInstanceOf(UnknownType.class);
            assertThat(odd.type().toString()).doesNotContain("\u202e");
            assertThat(odd.unreadable()).isPresent();
            TensorForm others = TensorForm.dense().filter(new NameFilter(List.of(), List.of("odd")));
            assertThat(Dense.bytes(TensorSource.of(model, others)))
                    .containsExactly(Map.entry("a", Dense.list((byte) 1, (byte) 2, (byte) 3, (byte) 4)));
        }
    }

    @Test
    void floatsOf16And8BitsBecomeF32ByDefault() throws IOException {
        byte[] data = {0x38, (byte) 0xC0, 0, 0x3C, (byte) 0x80, 0x3F, 7, 0};
        Path file = write(
                "{" + field("e4m3", "F8_E4M3", "[1]", 0, 1) + "," + field("e5m2", "F8_E5M2", "[1]", 1, 2) + ","
                        + field("half", "F16", "[1]", 2, 4) + "," + field("brain", "BF16", "[1]", 4, 6) + ","
                        + field("u16", "U16", "[1]", 6, 8) + "}",
                data);
        try (Model model = Model.open(file)) {
            assertThat(Dense.bytes(TensorSource.of(model, TensorForm.dense())))
                    .containsExactly(
                            Map.entry("e4m3", Dense.list(floats(1))),
                            Map.entry("e5m2", Dense.list(floats(-2))),
                            Map.entry("half", Dense.list(floats(1))),
                            Map.entry("brain", Dense.list(floats(1))),
                            Map.entry("u16", Dense.list((byte) 7, (byte) 0)));
        }
    }

    static Stream<Arguments> malformed() {
        return Stream.of(
                Arguments.of("{" + A + "}", "bytes after the last tensor: expected 4 bytes of data, got 8"),
                Arguments.of(
                        "{" + A + "," + field("b", "I16", "[4]", 4, 12) + "}",
                        "ends before its tensor b does: expected 12"),
                Arguments.of("{" + A + "," + field("b", "I16", "[1]", 6, 8) + "}", "does not follow the tensor before"),
                Arguments.of(
                        "{" + A + "," + field("b", "I16", "[3]", 2, 8) + "}",
                        "does not follow the tensor before: expected 4, got 2"),
                Arguments.of(
                        "{" + A + "," + field("b", "I16", "[3]", 4, 8) + "}", "disagree with data_offsets: expected 6"),
                Arguments.of(
                        "{" + A + "," + field("b", "I16", "[2]", 4, 2) + "}", "disagree with data_offsets: expected 4"),
                Arguments.of("{" + A + "," + A + "}", "not valid JSON: field a occurs twice in an object"),
                Arguments.of("{" + A.replace("[0,4]", "[0,4,8]") + "," + B + "}", "has 3 data_offsets, expected 2"),
                Arguments.of("{" + A.replace("[0,4]", "[0]") + "," + B + "}", "has 1 data_offsets"),
                Arguments.of(
                        "{" + A.replace("[0,4]", "[-4,0]") + "," + B + "}",
                        "a whole number from 0 to 2^63 - 1, got -4"),
                Arguments.of(
                        "{" + A + "," + field("b", "Q7", "[3]", 4, 2) + "}",
                        "disagree with data_offsets: expected the"),
                Arguments.of("{" + A + "," + field("b", "Q7", "[3]", 4, 7) + "}", "bytes after the last tensor"),
                Arguments.of("{" + A + "," + field("b", "Q7", "[3]", 4, 9) + "}", "ends before its tensor b does"),
                Arguments.of(
                        "{" + A + "," + field("b", "Q7", "[3]", 4, Long.MAX_VALUE) + "}", "ends before its tensor b"),
                Arguments.of(
                        "{" + A + "," + field("b", "Q7", "[4611686018427387904, 2]", 4, 8) + "}",
                        "its shape is not one"),
                Arguments.of("{" + A.replace("[0,4]", "[0,4.0]") + "," + B + "}", "expected a whole number"),
                Arguments.of(
                        "{" + A.replace("[0,4]", "[0,99999999999999999999]") + "," + B + "}",
                        "expected a whole number from 0"),
                Arguments.of("{" + A.replace("[1]", "[-1]") + "," + B + "}", "expected a whole number from 0"),
                Arguments.of(
                        "{" + A.replace("[1]", "[4611686018427387904, 2]") + "," + B + "}", "its shape is not one"),
                Arguments.of("{" + A.replace("[1]", "[4611686018427387904]") + "," + B + "}", "its shape is not one"),
                Arguments.of("{" + A.replace("[1]", "\"1\"") + "," + B + "}", "expected an array"),
                Arguments.of("{" + A.replace("shape", "form") + "," + B + "}", "unknown field form"),
                Arguments.of("{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}," + B + "}", "lacks dtype, shape or"),
                Arguments.of("{\"a\":7}", "expected an object"),
                Arguments.of("{\"__metadata__\":{\"n\":1}," + A + "," + B + "}", "expected a string"),
                Arguments.of("{" + A + "," + B, "not valid JSON"),
                Arguments.of("{" + A + "," + B + "} x", "there is more after its end"),
                Arguments.of("{" + A + "," + B + "}{}", "there is more after its end"),
                Arguments.of("{\"a\":" + "[".repeat(5000), "expected an object"),
                Arguments.of("[]", "expected an object"),
                Arguments.of("  ", "expected an object"),
                Arguments.of("{\"a\u0001\u202e\":[]}", "not valid JSON"));
    }

    @ParameterizedTest
    @MethodSource("malformed")
    void refusesWhatIsMalformed(String header, String reason) throws IOException {
        Path file = write(header, DATA);
        assertThatThrownBy(() -> Dense.source(file))
                .isInstanceOf(ModelException.class)
                .hasMessageStartingWith(file + ": ")
                .hasMessageContaining(reason)
                .message()
                .doesNotContain("\n")
                .doesNotContain("\u202e")
                .hasSizeLessThan(600);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 3, 100_000_001, Long.MAX_VALUE, -1})
    void refusesAHeaderOfAnImpossibleSize(long size) throws IOException {
        Path file = folder.resolve("short.safetensors");
        Files.write(
                file,
                WeightFiles.little(10)
                        .putLong(size)
                        .put("{}".getBytes(StandardCharsets.UTF_8))
                        .array());
        assertThatThrownBy(() -> Dense.source(file))
                .isInstanceOf(ModelException.class)
                .hasMessage(file + ": the size of the safetensors header: expected 2 to 2, got "
                        + Long.toUnsignedString(size));
        Files.write(file, new byte[7]);
        assertThatThrownBy(() -> Dense.source(file)).hasMessageContaining("too short for a safetensors file");
    }

    @Test
    void readsShardsByTheirIndex() throws IOException {
        Path index = shards("{\"metadata\":{\"total_size\":8},\"weight_map\":{\"b\":\"2.safetensors\","
                + "\"a\":\"1.safetensors\"}}");
        for (Path path : List.of(index, folder)) {
            assertThat(Dense.bytes(Dense.source(path)))
                    .containsExactly(
                            Map.entry("b", Dense.list((byte) 5, (byte) 6, (byte) 7, (byte) 8)),
                            Map.entry("a", Dense.list((byte) 1, (byte) 2, (byte) 3, (byte) 4)));
        }
    }

    private Path shards(String index) throws IOException {
        Files.write(folder.resolve("1.safetensors"), safetensors("{" + A + "}", Arrays.copyOf(DATA, 4)));
        Files.write(
                folder.resolve("2.safetensors"),
                safetensors("{" + field("b", "I16", "[2]", 0, 4) + "}", Arrays.copyOfRange(DATA, 4, 8)));
        return Files.writeString(folder.resolve("model.safetensors.index.json"), index);
    }

    static Stream<Arguments> malformedIndexes() {
        return Stream.of(
                Arguments.of("{\"weight_map\":{\"a\":\"1.safetensors\",\"c\":\"1.safetensors\"}}", "c is not in its"),
                Arguments.of("{\"weight_map\":{\"a\":\"2.safetensors\"}}", "holds tensor b, which the index does not"),
                Arguments.of("{\"weight_map\":{\"a\":\"../1.safetensors\"}}", "names another file"),
                Arguments.of("{\"weight_map\":{\"a\":\"..\"}}", "names another file"),
                Arguments.of("{\"weight_map\":{\"a\":\"/etc/passwd\"}}", "names another file"),
                Arguments.of("{\"weight_map\":{\"a\":\"x\\u0000\"}}", "names another file"),
                Arguments.of("{\"weight_map\":{\"a\":\"\"}}", "names another file"),
                Arguments.of("{\"weight_map\":{\"a\":1}}", "expected a string"),
                Arguments.of("{\"weight_map\":[]}", "expected an object"),
                Arguments.of("{\"more\":" + "[".repeat(5000), "not valid JSON: nested more than 1000 deep"),
                Arguments.of("{}", "no weight_map"),
                Arguments.of("[]", "expected an object"),
                Arguments.of("", "expected an object"));
    }

    @ParameterizedTest
    @MethodSource("malformedIndexes")
    void refusesAMalformedIndex(String text, String reason) throws IOException {
        Path index = shards(text);
        assertThatThrownBy(() -> Dense.source(index))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining(reason);
    }

    @Test
    void noticesAFileThatChanges() throws IOException {
        Path file = write("{" + A + "," + B + "}", DATA);
        TensorSource source = Dense.source(file);
        write("{" + A + "," + B + "} ", DATA);
        assertThatThrownBy(source::checkUnchanged)
                .isInstanceOf(IOException.class)
                .hasMessageContaining("has changed");
    }

    @Test
    void readsNothingOutsideOfAConstant() throws IOException {
        TensorSource source = Dense.source(write("{" + A + "," + B + "}", DATA));
        try (Arena arena = Arena.ofConfined();
                TensorReader reader = source.reader()) {
            assertThatThrownBy(() -> reader.read(source.tensors().getFirst(), 1, arena.allocate(4)))
                    .isInstanceOf(IndexOutOfBoundsException.class);
        }
    }

    @Test
    void knowsAFileByItsContent() throws IOException {
        Path file = Files.write(folder.resolve("weights"), safetensors("{" + A + "," + B + "}", DATA));
        assertThat(Dense.source(file).tensors()).hasSize(2);
        Path other = Files.write(folder.resolve("other"), floats(1, 2, 3));
        assertThatThrownBy(() -> Dense.source(other))
                .isInstanceOf(GgufException.class)
                .hasMessageStartingWith(other + ": ");
        Path tiny = Files.write(folder.resolve("tiny"), new byte[0]);
        assertThatThrownBy(() -> Dense.source(tiny)).isInstanceOf(GgufException.class);
    }
}
