package dev.ffmstore.interop;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.ffmstore.DType;
import dev.ffmstore.Tensor;
import dev.ffmstore.TensorStore;
import dev.ffmstore.gguf.Metadata;
import dev.ffmstore.gguf.MetadataValue;
import dev.ffmstore.interop.GgufPy.ReferenceTensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.math.BigInteger;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Assertions that a file reads here as it reads in gguf-py.
final class Comparison {
    /// Array elements are compared by iterator, and every so many also by index.
    private static final int SAMPLE_STRIDE = 1000;

    private Comparison() {}

    /// Asserts that a store holds exactly these tensors, in this order, bit by bit. All of them have to have a
    /// hash.
    ///
    /// @param file where the store was loaded from; asked again, by gguf-py, for a tensor that differs
    static void assertSameTensors(TensorStore store, Path file, List<ReferenceTensor> expected) throws IOException {
        assertThat(expected).isNotEmpty();
        assertThat(store.tensors())
                .extracting(Tensor::name)
                .containsExactlyElementsOf(
                        expected.stream().map(ReferenceTensor::name).toList());
        for (ReferenceTensor reference : expected) {
            Tensor tensor = store.tensor(reference.name());
            assertThat(tensor.dtype()).as(tensor.name()).isEqualTo(dtype(reference.dtype()));
            assertThat(tensor.shape()).as(tensor.name()).isEqualTo(reference.shape());
            assertThat(reference.sha256())
                    .as(tensor.name() + ", decoded by gguf-py")
                    .isPresent();
            if (!Sha256.of(tensor.segment()).equals(reference.sha256().get())) {
                fail("%s, %s: %s", store.name(), store.report().decoder(), firstDifference(tensor, file));
            }
        }
    }

    private static DType dtype(String numpyName) {
        return switch (numpyName) {
            case "float32" -> DType.F32;
            case "float64" -> DType.F64;
            case "int8" -> DType.I8;
            case "int16" -> DType.I16;
            case "int32" -> DType.I32;
            case "int64" -> DType.I64;
            default -> throw new IllegalArgumentException(numpyName);
        };
    }

    private static String firstDifference(Tensor tensor, Path file) throws IOException {
        Path out = Files.createTempFile("ffm-store-interop", ".tensor");
        try (Arena arena = Arena.ofConfined()) {
            GgufPy.writeTensor(file, tensor.name(), out);
            MemorySegment expected;
            try (FileChannel channel = FileChannel.open(out)) {
                expected = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            }
            long at = expected.mismatch(tensor.segment());
            if (at < 0) {
                return "tensor " + tensor.name() + ": the hashes differ, the bytes do not";
            }
            if (expected.byteSize() != tensor.byteSize()) {
                return "tensor " + tensor.name() + ": expected " + expected.byteSize() + " bytes, got "
                        + tensor.byteSize();
            }
            long element = at / tensor.dtype().byteSize();
            return "tensor " + tensor.name() + " " + tensor.shape() + " differs first in element " + element
                    + ": gguf-py has " + element(tensor.dtype(), expected, element) + ", the store has "
                    + element(tensor.dtype(), tensor.segment(), element);
        } finally {
            Files.delete(out);
        }
    }

    /// {@return an element with its bits, most significant byte first}
    private static String element(DType dtype, MemorySegment dense, long index) {
        byte[] bytes = dense.asSlice(index * dtype.byteSize(), dtype.byteSize()).toArray(JAVA_BYTE);
        long bits = 0;
        for (int i = bytes.length - 1; i >= 0; i--) {
            bits = bits << 8 | Byte.toUnsignedLong(bytes[i]);
        }
        String value = switch (dtype) {
            case F32 -> Float.toString(Float.intBitsToFloat((int) bits));
            case F64 -> Double.toString(Double.longBitsToDouble(bits));
            default -> Long.toUnsignedString(bits);
        };
        return value + " (0x" + HexFormat.of().toHexDigits(bits, 2 * bytes.length) + ")";
    }

    /// Asserts that metadata has exactly these keys, in this order, with these types and values, every array
    /// element included.
    ///
    /// @param expected as [GgufPy#metadata(Path)] returns it
    static void assertSameMetadata(Metadata metadata, List<Map<String, @Nullable Object>> expected) {
        assertThat(expected).isNotEmpty();
        assertThat(metadata.asMap().keySet())
                .containsExactlyElementsOf(expected.stream()
                        .map(entry -> (String) entry.get("key"))
                        .toList());
        for (Map<String, @Nullable Object> entry : expected) {
            String key = (String) entry.get("key");
            MetadataValue value = metadata.get(key);
            assertThat(value.type().name()).as(key).isEqualTo(entry.get("type"));
            switch (value) {
                case MetadataValue.Int number ->
                    assertThat(new BigInteger(number.toString())).as(key).isEqualTo(entry.get("value"));
                case MetadataValue.Real number ->
                    assertThat(number.value()).as(key).isEqualTo(entry.get("value"));
                case MetadataValue.Bool bool -> assertThat(bool.value()).as(key).isEqualTo(entry.get("value"));
                case MetadataValue.Text text -> assertThat(text.value()).as(key).isEqualTo(entry.get("value"));
                case MetadataValue.Array array ->
                    assertSameElements(key, array, (String) entry.get("elementType"), (List<?>) entry.get("value"));
            }
        }
    }

    private static void assertSameElements(
            String key, MetadataValue.Array array, @Nullable String elementType, List<?> expected) {
        assertThat(array.size()).as(key).isEqualTo(expected.size());
        if (!expected.isEmpty()) { // of an empty array gguf-py does not say the type
            assertThat(array.elementType().name()).as(key).isEqualTo(elementType);
        }
        int index = 0;
        for (Object element : array) {
            Object got = element instanceof Long number ? integer(array, number) : element;
            assertSameElement(key, index, got, expected.get(index));
            if (index % SAMPLE_STRIDE == 0 || index == expected.size() - 1) {
                assertSameElement(key, index, elementAt(array, index), expected.get(index));
            }
            index++;
        }
        assertThat(index).as(key).isEqualTo(expected.size());
    }

    /// Not by AssertJ alone: there are half a million elements.
    private static void assertSameElement(String key, int index, Object got, @Nullable Object expected) {
        if (!got.equals(expected)) {
            fail("%s, element %d: gguf-py has %s, here %s", key, index, expected, got);
        }
    }

    private static Object elementAt(MetadataValue.Array array, long index) {
        return switch (array.elementType()) {
            case STRING -> array.string(index);
            case FLOAT32, FLOAT64 -> array.real(index);
            case BOOL -> array.bool(index);
            default -> integer(array, array.integer(index));
        };
    }

    private static BigInteger integer(MetadataValue.Array array, long bits) {
        return new BigInteger(new MetadataValue.Int(array.elementType(), bits).toString());
    }
}
