package dev.ffmstore.gguf;

import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.internal.gguf.GgufWriter;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;

/// What a random valid file holds, in plain objects.
///
/// @param version 2 or 3
/// @param alignment a power of two
/// @param values the metadata, without the alignment
/// @param tensors names and what they name
record RandomGguf(int version, int alignment, Map<String, Value> values, Map<String, TensorSpec> tensors) {
    private static final String ALIGNMENT_KEY = "general.alignment";

    /// A metadata value: one element, or an array of them.
    ///
    /// @param elements Long, Double, Boolean, or String whose characters are the bytes of a string
    record Value(MetadataType type, boolean isArray, List<?> elements) {
        static Value of(MetadataValue value) {
            return switch (value) {
                case MetadataValue.Int number -> new Value(number.type(), false, List.of(number.value()));
                case MetadataValue.Real number -> new Value(number.type(), false, List.of(number.value()));
                case MetadataValue.Bool bool -> new Value(bool.type(), false, List.of(bool.value()));
                case MetadataValue.Text text -> new Value(text.type(), false, List.of(latin(text.bytes())));
                case MetadataValue.Array array -> new Value(array.elementType(), true, elements(array));
            };
        }

        private static List<?> elements(MetadataValue.Array array) {
            List<Object> elements = new ArrayList<>();
            if (array.elementType() == MetadataType.STRING) {
                for (long i = 0; i < array.size(); i++) {
                    elements.add(latin(array.stringBytes(i)));
                }
            } else {
                array.forEach(elements::add);
            }
            return elements;
        }

        private static String latin(MemorySegment bytes) {
            return new String(bytes.toArray(ValueLayout.JAVA_BYTE), StandardCharsets.ISO_8859_1);
        }

        void put(GgufWriter writer, String key) {
            switch (type) {
                case FLOAT32, FLOAT64 -> {
                    double[] reals =
                            elements.stream().mapToDouble(e -> (Double) e).toArray();
                    if (isArray) {
                        writer.putReals(key, type, reals);
                    } else {
                        writer.putReal(key, type, reals[0]);
                    }
                }
                case BOOL -> {
                    if (isArray) {
                        boolean[] bools = new boolean[elements.size()];
                        for (int i = 0; i < bools.length; i++) {
                            bools[i] = (Boolean) elements.get(i);
                        }
                        writer.putBools(key, bools);
                    } else {
                        writer.putBool(key, (Boolean) elements.getFirst());
                    }
                }
                case STRING -> {
                    List<byte[]> strings = elements.stream()
                            .map(e -> ((String) e).getBytes(StandardCharsets.ISO_8859_1))
                            .toList();
                    if (isArray) {
                        writer.putByteStrings(key, strings);
                    } else {
                        writer.putString(key, strings.getFirst());
                    }
                }
                default -> {
                    long[] integers = elements.stream().mapToLong(e -> (Long) e).toArray();
                    if (isArray) {
                        writer.putIntegers(key, type, integers);
                    } else {
                        writer.putInteger(key, type, integers[0]);
                    }
                }
            }
        }
    }

    record TensorSpec(GgmlType type, Shape shape) {}

    GgufWriter writer() {
        GgufWriter writer = new GgufWriter(version).alignment(alignment);
        values.forEach((key, value) -> value.put(writer, key));
        tensors.forEach((name, tensor) -> writer.tensor(name, tensor.type(), tensor.shape()));
        return writer;
    }

    /// The whole file; the tensor data is zeros.
    byte[] bytes() {
        GgufWriter writer = writer();
        return Arrays.copyOf(writer.header(), Math.toIntExact(writer.fileSize()));
    }

    static RandomGguf of(GgufFile file) {
        Map<String, Value> values = new LinkedHashMap<>();
        file.metadata().asMap().forEach((key, value) -> values.put(key, Value.of(value)));
        values.remove(ALIGNMENT_KEY);
        Map<String, TensorSpec> tensors = new LinkedHashMap<>();
        file.tensors().forEach(t -> tensors.put(t.name(), new TensorSpec(t.ggmlType(), t.shape())));
        return new RandomGguf(file.version(), file.alignment(), values, tensors);
    }

    /// Files with an alignment of `1 << maxShift` at most.
    static Arbitrary<RandomGguf> files(int maxShift) {
        return Combinators.combine(
                        Arbitraries.of(2, 3),
                        Arbitraries.integers().between(0, maxShift).map(shift -> 1 << shift),
                        Arbitraries.maps(anyName(100), anyValue()).ofMaxSize(8),
                        Arbitraries.maps(anyName(21), anyTensor()).ofMaxSize(6))
                .as(RandomGguf::new);
    }

    /// Text without NUL and surrogates: up to three bytes a character.
    private static Arbitrary<String> anyName(int maxLength) {
        return Arbitraries.strings()
                .withCharRange('a', 'z')
                .withCharRange('\u0001', '\ud7ff')
                .withCharRange('\ue000', '\uffff')
                .ofMinLength(1)
                .ofMaxLength(maxLength)
                .filter(name -> !name.equals(ALIGNMENT_KEY));
    }

    private static Arbitrary<Value> anyValue() {
        List<Arbitrary<Value>> ofTypes = new ArrayList<>();
        for (MetadataType type : MetadataType.values()) {
            if (type != MetadataType.ARRAY) {
                Arbitrary<?> elements = anyElement(type);
                ofTypes.add(elements.map(element -> new Value(type, false, List.of(element))));
                ofTypes.add(elements.list().ofMaxSize(70).map(list -> new Value(type, true, list)));
            }
        }
        return Arbitraries.oneOf(ofTypes);
    }

    private static Arbitrary<?> anyElement(MetadataType type) {
        return switch (type) {
            case UINT8 -> Arbitraries.longs().between(0, 0xFF);
            case INT8 -> Arbitraries.longs().between(Byte.MIN_VALUE, Byte.MAX_VALUE);
            case UINT16 -> Arbitraries.longs().between(0, 0xFFFF);
            case INT16 -> Arbitraries.longs().between(Short.MIN_VALUE, Short.MAX_VALUE);
            case UINT32 -> Arbitraries.longs().between(0, 0xFFFF_FFFFL);
            case INT32 -> Arbitraries.longs().between(Integer.MIN_VALUE, Integer.MAX_VALUE);
            case UINT64, INT64 -> Arbitraries.longs();
            case FLOAT32 -> Arbitraries.integers().map(Float::intBitsToFloat).map(f -> (double) f);
            case FLOAT64 -> Arbitraries.longs().map(Double::longBitsToDouble);
            case BOOL -> Arbitraries.of(true, false);
            case STRING -> Arbitraries.strings().withCharRange('\0', '\u00ff').ofMaxLength(40);
            case ARRAY -> throw new IllegalArgumentException("arrays do not nest");
        };
    }

    private static Arbitrary<TensorSpec> anyTensor() {
        return Combinators.combine(
                        Arbitraries.of(GgmlType.values()),
                        Arbitraries.longs().between(0, 3).list().ofMaxSize(4))
                .as((type, dimensions) -> {
                    long[] shape = dimensions.stream().mapToLong(d -> d).toArray();
                    if (shape.length == 0 && type.blockLength() > 1) {
                        shape = new long[] {0};
                    } else if (shape.length > 0) {
                        shape[shape.length - 1] *= type.blockLength();
                    }
                    return new TensorSpec(type, Shape.of(shape));
                });
    }
}
