package dev.ffmstore.formats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ffmstore.DType;
import dev.ffmstore.export.NamedLayout;
import dev.ffmstore.fixtures.Json;
import dev.ffmstore.fixtures.Tensors;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class NpyLayoutTest {
    private static String text(byte[] bytes, int from, int to) {
        return new String(bytes, from, to - from, StandardCharsets.ISO_8859_1);
    }

    private static byte[] only(Tensors constants) throws IOException {
        List<NamedLayout> files = Npy.layouts(constants.source());
        assertThat(files).extracting(NamedLayout::path).containsExactly("t.npy", "index.json");
        return constants.render(files.getFirst().layout());
    }

    /// The header that numpy 2.4 writes for such an array.
    @Test
    void headersAreThoseOfNumpy() throws IOException {
        Tensors constants = new Tensors("model.gguf", "F32").add("t", DType.F32, 3, 4);
        byte[] file = only(constants);
        assertThat(text(file, 0, 10)).isEqualTo("\u0093NUMPY\u0001\u0000v\u0000");
        assertThat(text(file, 10, 128))
                .isEqualTo("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }" + " ".repeat(58) + "\n");
        assertThat(file).endsWith(constants.bytes("t")).hasSize(128 + 48);
    }

    @ParameterizedTest
    @CsvSource({
        "F32, <f4",
        "F16, <f2",
        "BF16, <u2",
        "F64, <f8",
        "I8, |i1",
        "I16, <i2",
        "I32, <i4",
        "I64, <i8",
        "BOOL, |b1",
        "U8, |u1",
        "U16, <u2",
        "U32, <u4",
        "U64, <u8",
        "C64, <c8",
        "F8_E4M3, |u1",
        "F8_E5M2, |u1",
        "F8_E8M0, |u1"
    })
    void everyTypeHasItsDescription(DType dtype, String descr) throws IOException {
        byte[] file = only(new Tensors("model.gguf", "F32").add("t", dtype, 5));
        assertThat(text(file, 10, 128))
                .startsWith("{'descr': '" + descr + "', 'fortran_order': False, 'shape': (5,), }");
        assertThat(file).hasSize(128 + 5 * dtype.byteSize());
    }

    @ParameterizedTest
    @EnumSource(names = {"F4", "F6_E2M3", "F6_E3M2"})
    void refusesElementsSmallerThanAByte(DType dtype) {
        Tensors constants = new Tensors("model.gguf", "F32").add("t", dtype, 4);
        assertThatThrownBy(() -> Npy.layouts(constants.source()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "tensor t: a .npy file cannot hold elements of " + dtype + ", which are smaller than a byte");
    }

    @ParameterizedTest
    @CsvSource({"'', ()", "7, '(7,)'", "0 7, '(0, 7)'", "1 2 3 4, '(1, 2, 3, 4)'"})
    void shapesAreTuples(String dimensions, String tuple) throws IOException {
        long[] shape = java.util.Arrays.stream(dimensions.split(" "))
                .filter(d -> !d.isEmpty())
                .mapToLong(Long::parseLong)
                .toArray();
        byte[] file = only(new Tensors("model.gguf", "F32").add("t", DType.I8, shape));
        assertThat(text(file, 10, 128)).contains("'shape': " + tuple + ", }").endsWith("\n");
    }

    @Test
    void theIndexComesLastAndTellsWhatIsWhere() throws IOException {
        Tensors constants = new Tensors("model.gguf", "F32")
                .add("W", DType.F32, 2, 2)
                .add("w", DType.BF16, 3)
                .addAlias("tied \"W\"", "W")
                .add("../../etc/passwd", DType.I64);
        List<NamedLayout> files = Npy.layouts(constants.source());
        assertThat(files)
                .extracting(NamedLayout::path)
                .containsExactly("W.npy", "w~2.npy", "%2E.%2F..%2Fetc%2Fpasswd.npy", "index.json");
        String index = new String(constants.render(files.getLast().layout()), StandardCharsets.UTF_8);
        Map<String, Object> json = Json.lines(index.replace("\n", " ")).getFirst();
        assertThat(json).containsEntry("source", "model.gguf").containsEntry("names", "gguf");
        assertThat(json.get("tensors"))
                .isEqualTo(List.of(
                        entry("W", "W.npy", "F32", "<f4", 2, 2),
                        entry("w", "w~2.npy", "BF16", "<u2", 3),
                        entry("../../etc/passwd", "%2E.%2F..%2Fetc%2Fpasswd.npy", "I64", "<i8"),
                        entry("tied \"W\"", "W.npy", "F32", "<f4", 2, 2)));
    }

    private static Map<String, Object> entry(String name, String file, String dtype, String descr, long... shape) {
        return Map.of(
                "name",
                name,
                "file",
                file,
                "dtype",
                dtype,
                "descr",
                descr,
                "shape",
                java.util.Arrays.stream(shape).mapToObj(BigInteger::valueOf).toList());
    }
}
