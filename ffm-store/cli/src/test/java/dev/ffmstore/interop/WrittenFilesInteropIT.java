package dev.ffmstore.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ffmstore.TensorStore;
import dev.ffmstore.ggml.BlockDecoders;
import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.gguf.GgufFile;
import dev.ffmstore.gguf.MetadataType;
import dev.ffmstore.gguf.Shape;
import dev.ffmstore.gguf.TensorInfo;
import dev.ffmstore.internal.gguf.GgufWriter;
import dev.ffmstore.interop.GgufPy.ReferenceTensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Files made by [GgufWriter] are to read in gguf-py as what was written.
@Tag("interop")
class WrittenFilesInteropIT {
    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void ggufPyReadsTheMetadataThatWasWritten(int version) throws IOException {
        GgufWriter writer = new GgufWriter(version).alignment(128);
        Expected expected = new Expected().integer("general.alignment", MetadataType.UINT32, "128");
        writer.putString("text", "grün – \u0001 \"x\" 🙂").putString("no text", "");
        expected.add("text", "STRING", "grün – \u0001 \"x\" 🙂").add("no text", "STRING", "");
        for (Bounds bounds : Bounds.ALL) {
            String name = bounds.type().name();
            writer.putInteger(name + ".least", bounds.type(), bounds.least())
                    .putInteger(name + ".most", bounds.type(), bounds.most())
                    .putIntegers(name + ".all", bounds.type(), bounds.least(), 1, bounds.most());
            expected.integer(name + ".least", bounds.type(), bounds.leastText())
                    .integer(name + ".most", bounds.type(), bounds.mostText())
                    .array(
                            name + ".all",
                            name,
                            new BigInteger(bounds.leastText()),
                            BigInteger.ONE,
                            new BigInteger(bounds.mostText()));
        }
        writer.putReal("float", MetadataType.FLOAT32, 1e-6).putReal("double", MetadataType.FLOAT64, Math.PI);
        expected.add("float", "FLOAT32", (double) 1e-6f).add("double", "FLOAT64", Math.PI);
        writer.putReals("floats", MetadataType.FLOAT32, 0.1, -0.0, Double.POSITIVE_INFINITY);
        expected.array("floats", "FLOAT32", (double) 0.1f, -0.0, Double.POSITIVE_INFINITY);
        writer.putReals("doubles", MetadataType.FLOAT64, Double.MIN_VALUE, Double.MAX_VALUE);
        expected.array("doubles", "FLOAT64", Double.MIN_VALUE, Double.MAX_VALUE);
        writer.putBool("yes", true).putBool("no", false).putBools("bools", true, false);
        expected.add("yes", "BOOL", true).add("no", "BOOL", false).array("bools", "BOOL", true, false);
        writer.putStrings("texts", List.of("", "ä", "token")).putStrings("no texts", List.of());
        expected.array("texts", "STRING", "", "ä", "token").array("no texts", null);

        Path file = Files.write(folder.resolve("metadata.gguf"), writer.header());

        List<Map<String, @Nullable Object>> found = GgufPy.metadata(file);
        assertThat(found).containsExactlyElementsOf(expected.entries);
        try (GgufFile opened = GgufFile.open(file)) {
            Comparison.assertSameMetadata(opened.metadata(), found);
        }
    }

    @Test
    void ggufPyReadsTheTensorsThatWereWritten() throws IOException {
        GgufWriter writer = new GgufWriter(3).alignment(64).putString("general.architecture", "llama");
        writer.tensor("vector", GgmlType.F32, Shape.of(7))
                .tensor("matrix ü", GgmlType.Q4_K, Shape.of(3, 512))
                .tensor("cube", GgmlType.Q8_0, Shape.of(2, 5, 64))
                .tensor("four axes", GgmlType.F16, Shape.of(2, 3, 5, 7));
        for (GgmlType type : List.of(GgmlType.F64, GgmlType.I8, GgmlType.I16, GgmlType.I32, GgmlType.I64)) {
            writer.tensor("plain " + type, type, Shape.of(3, 5));
        }
        byte[] bytes = finiteModel(writer);
        Path file = Files.write(folder.resolve("tensors.gguf"), bytes);

        List<ReferenceTensor> found = GgufPy.tensors(file);

        List<TensorInfo> written = writer.tensors();
        assertThat(found).hasSameSizeAs(written);
        for (int i = 0; i < written.size(); i++) {
            TensorInfo tensor = written.get(i);
            ReferenceTensor reference = found.get(i);
            assertThat(reference.name()).isEqualTo(tensor.name());
            assertThat(reference.type()).isEqualTo(tensor.type().name());
            assertThat(reference.shape()).as(tensor.name()).isEqualTo(tensor.shape());
            assertThat(reference.byteSize()).as(tensor.name()).isEqualTo(tensor.byteSize());
            assertThat(reference.sha256()).as(tensor.name()).contains(Sha256.of(dense(tensor, bytes)));
        }
        try (TensorStore store = TensorStore.load(file)) {
            Comparison.assertSameTensors(store, file, found);
        }
    }

    /// The comparison itself, for otherwise nothing would show that it can fail, and how.
    @Test
    void aDifferenceIsNamedWithItsPlaceAndBits() throws IOException {
        GgufWriter writer = new GgufWriter(3)
                .tensor("same", GgmlType.F32, Shape.of(2, 4))
                .tensor("other", GgmlType.F32, Shape.of(2, 4));
        byte[] bytes = finiteModel(writer);
        ByteBuffer data = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int place = (int) writer.tensors().getLast().offset() + 5 * Float.BYTES;
        Path here = Files.write(
                folder.resolve("here.gguf"), data.putFloat(place, 0.0f).array());
        Path there = Files.write(
                folder.resolve("there.gguf"), data.putFloat(place, -0.0f).array());
        List<ReferenceTensor> expected = GgufPy.tensors(there);

        try (TensorStore store = TensorStore.load(here)) {
            assertThatThrownBy(() -> Comparison.assertSameTensors(store, there, expected))
                    .isInstanceOf(AssertionError.class)
                    .hasMessageContaining("tensor other [2, 4] differs first in element 5:"
                            + " gguf-py has -0.0 (0x80000000), the store has 0.0 (0x00000000)");
            assertThatThrownBy(() -> Comparison.assertSameTensors(store, there, expected.subList(0, 1)))
                    .isInstanceOf(AssertionError.class)
                    .hasMessageContaining("other");
        }
    }

    @Test
    void aDifferentMetadataValueIsNamed() throws IOException {
        Path here = writeMetadata("here.gguf", "b", 2);
        List<Map<String, @Nullable Object>> otherText = GgufPy.metadata(writeMetadata("text.gguf", "c", 2));
        List<Map<String, @Nullable Object>> otherNumber = GgufPy.metadata(writeMetadata("number.gguf", "b", 3));

        try (GgufFile file = GgufFile.open(here)) {
            assertThatThrownBy(() -> Comparison.assertSameMetadata(file.metadata(), otherText))
                    .isInstanceOf(AssertionError.class)
                    .hasMessageContaining("texts, element 1: gguf-py has c, here b");
            assertThatThrownBy(() -> Comparison.assertSameMetadata(file.metadata(), otherNumber))
                    .isInstanceOf(AssertionError.class)
                    .hasMessageContaining("number");
        }
    }

    private Path writeMetadata(String name, String secondText, int number) throws IOException {
        GgufWriter writer = new GgufWriter(3)
                .putInteger("number", MetadataType.INT32, number)
                .putStrings("texts", List.of("a", secondText));
        return Files.write(folder.resolve(name), writer.header());
    }

    /// A whole file with random data, in which no exponent is all ones: nothing infinite, no NaN.
    private static byte[] finiteModel(GgufWriter writer) {
        byte[] bytes = new byte[(int) writer.fileSize()];
        new Random(7).nextBytes(bytes);
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] &= 0x3B;
        }
        System.arraycopy(writer.header(), 0, bytes, 0, (int) writer.dataOffset());
        return bytes;
    }

    private static byte[] dense(TensorInfo tensor, byte[] file) {
        byte[] dense = new byte[(int) tensor.denseByteSize()];
        BlockDecoders.scalar()
                .of(tensor.ggmlType())
                .decode(
                        MemorySegment.ofArray(file),
                        tensor.offset(),
                        MemorySegment.ofArray(dense),
                        0,
                        tensor.blockCount());
        return dense;
    }

    /// An integer type and its bounds, as bits and as text.
    private record Bounds(MetadataType type, long least, String leastText, long most, String mostText) {
        static final List<Bounds> ALL = List.of(
                new Bounds(MetadataType.UINT8, 0, "0", 0xFF, "255"),
                new Bounds(MetadataType.INT8, Byte.MIN_VALUE, "-128", Byte.MAX_VALUE, "127"),
                new Bounds(MetadataType.UINT16, 0, "0", 0xFFFF, "65535"),
                new Bounds(MetadataType.INT16, Short.MIN_VALUE, "-32768", Short.MAX_VALUE, "32767"),
                new Bounds(MetadataType.UINT32, 0, "0", 0xFFFF_FFFFL, "4294967295"),
                new Bounds(MetadataType.INT32, Integer.MIN_VALUE, "-2147483648", Integer.MAX_VALUE, "2147483647"),
                new Bounds(MetadataType.UINT64, 0, "0", -1, "18446744073709551615"),
                new Bounds(
                        MetadataType.INT64,
                        Long.MIN_VALUE,
                        "-9223372036854775808",
                        Long.MAX_VALUE,
                        "9223372036854775807"));
    }

    /// What metadata.py should print.
    private static final class Expected {
        final List<Map<String, @Nullable Object>> entries = new ArrayList<>();

        Expected integer(String key, MetadataType type, String value) {
            return add(key, type.name(), new BigInteger(value));
        }

        Expected add(String key, String type, Object value) {
            Map<String, @Nullable Object> entry = new LinkedHashMap<>();
            entry.put("key", key);
            entry.put("type", type);
            entry.put("value", value);
            entries.add(entry);
            return this;
        }

        Expected array(String key, @Nullable String elementType, Object... elements) {
            add(key, "ARRAY", Arrays.asList(elements));
            entries.getLast().put("elementType", elementType);
            return this;
        }
    }
}
