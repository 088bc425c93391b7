package dev.ffmstore.internal.gguf;

import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.gguf.MetadataType;
import dev.ffmstore.gguf.Shape;
import dev.ffmstore.gguf.TensorInfo;
import dev.ffmstore.internal.text.Problem;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Makes the header of a GGUF file; the caller writes the tensor data after it.
///
/// ```java
/// GgufWriter writer = new GgufWriter(3)
///         .putString("general.architecture", "llama")
///         .tensor("output.weight", GgmlType.Q4_K, Shape.of(32000, 2048));
/// Files.write(path, writer.header());
/// for (TensorInfo tensor : writer.tensors()) { … }   // tensor.byteSize() bytes at tensor.offset()
/// ```
///
/// ```text
/// magic "GGUF" │ version u32 │ tensor count u64 │ key count u64
/// key count ×    { key string │ type u32 │ value }
/// tensor count × { name string │ rank u32 │ rank × dimension u64, innermost first │ type u32 │ offset u64 }
/// padding to the alignment │ tensor data, each tensor padded to the alignment
/// ```
///
/// Entries appear in the order of the calls. Only the header is held in memory. For one thread only.
public final class GgufWriter {
    private static final String ALIGNMENT_KEY = "general.alignment";
    private static final int FIXED_BYTES = 4 + 4 + 8 + 8;

    private final int version;
    private final ByteArrayOutputStream metadata = new ByteArrayOutputStream();
    private final ByteArrayOutputStream infos = new ByteArrayOutputStream();
    private final Set<String> keys = new HashSet<>();
    private final Set<String> names = new HashSet<>();
    private final List<TensorInfo> placed = new ArrayList<>();
    private int alignment = 32;
    private long dataSize;

    /// Starts a header without metadata and tensors.
    ///
    /// @param version the version to write; 2 and 3 have the same layout
    public GgufWriter(int version) {
        this.version = version;
    }

    /// Sets the alignment, and the metadata key that states it.
    ///
    /// @param bytes a power of two
    /// @throws IllegalArgumentException if the alignment is not a power of two
    /// @throws IllegalStateException if there are tensors already
    public GgufWriter alignment(int bytes) {
        if (Integer.bitCount(bytes) != 1 || bytes < 0) {
            throw new IllegalArgumentException("alignment: expected a power of two, got " + bytes);
        }
        if (!placed.isEmpty()) {
            throw new IllegalStateException("the alignment comes before the first tensor");
        }
        alignment = bytes;
        return number(ALIGNMENT_KEY, MetadataType.UINT32, bytes);
    }

    /// Adds an integer.
    ///
    /// @param type one of the eight integer types
    /// @param value the value; its lowest bits are written, as many as the type has
    public GgufWriter putInteger(String key, MetadataType type, long value) {
        requireInteger(type);
        if (key.equals(ALIGNMENT_KEY)) {
            throw new IllegalArgumentException(ALIGNMENT_KEY + " is set by alignment");
        }
        return number(key, type, value);
    }

    /// Adds a floating-point number.
    ///
    /// @param type FLOAT32 or FLOAT64
    /// @param value the value, rounded to the type
    public GgufWriter putReal(String key, MetadataType type, double value) {
        requireReal(type);
        return number(key, type, bits(type, value));
    }

    /// Adds a truth value.
    public GgufWriter putBool(String key, boolean value) {
        return number(key, MetadataType.BOOL, value ? 1 : 0);
    }

    /// Adds a string.
    public GgufWriter putString(String key, String value) {
        return putString(key, value.getBytes(StandardCharsets.UTF_8));
    }

    /// Adds a string.
    ///
    /// @param value any bytes, UTF-8 or not
    public GgufWriter putString(String key, byte[] value) {
        entry(key, MetadataType.STRING);
        string(metadata, value);
        return this;
    }

    /// Adds an array of integers.
    ///
    /// @param type one of the eight integer types
    /// @param values the elements, as in [#putInteger]
    public GgufWriter putIntegers(String key, MetadataType type, long... values) {
        requireInteger(type);
        array(key, type, values.length);
        for (long value : values) {
            littleEndian(metadata, value, width(type));
        }
        return this;
    }

    /// Adds an array of floating-point numbers.
    ///
    /// @param type FLOAT32 or FLOAT64
    /// @param values the elements, as in [#putReal]
    public GgufWriter putReals(String key, MetadataType type, double... values) {
        requireReal(type);
        array(key, type, values.length);
        for (double value : values) {
            littleEndian(metadata, bits(type, value), width(type));
        }
        return this;
    }

    /// Adds an array of truth values.
    public GgufWriter putBools(String key, boolean... values) {
        array(key, MetadataType.BOOL, values.length);
        for (boolean value : values) {
            metadata.write(value ? 1 : 0);
        }
        return this;
    }

    /// Adds an array of strings.
    public GgufWriter putStrings(String key, List<String> values) {
        array(key, MetadataType.STRING, values.size());
        for (String value : values) {
            string(metadata, value.getBytes(StandardCharsets.UTF_8));
        }
        return this;
    }

    /// Adds an array of strings.
    ///
    /// @param values the elements, any bytes, UTF-8 or not
    public GgufWriter putByteStrings(String key, List<byte[]> values) {
        array(key, MetadataType.STRING, values.size());
        for (byte[] value : values) {
            string(metadata, value);
        }
        return this;
    }

    /// Adds a tensor; its data comes after that of the previous tensor.
    ///
    /// @param name a name that has not been used yet
    /// @param type how the elements are stored
    /// @param shape row-major, each row a whole number of blocks
    public GgufWriter tensor(String name, GgmlType type, Shape shape) {
        requireNew(names, name);
        if (shape.rowLength() % type.blockLength() != 0) {
            throw new IllegalArgumentException(
                    Problem.fill("{}: the rows of {} are not whole blocks of {}", name, shape, type));
        }
        string(infos, name.getBytes(StandardCharsets.UTF_8));
        littleEndian(infos, shape.rank(), Integer.BYTES);
        for (int axis = shape.rank() - 1; axis >= 0; axis--) {
            littleEndian(infos, shape.dimension(axis), Long.BYTES);
        }
        littleEndian(infos, type.id(), Integer.BYTES);
        littleEndian(infos, dataSize, Long.BYTES);
        long byteSize = Math.multiplyExact(shape.elementCount() / type.blockLength(), type.blockBytes());
        placed.add(new TensorInfo(name, type, shape, dataSize, byteSize));
        dataSize = Math.addExact(dataSize, alignUp(byteSize));
        return this;
    }

    /// {@return the header with its padding, `dataOffset()` bytes}
    public byte[] header() {
        ByteArrayOutputStream header = new ByteArrayOutputStream((int) dataOffset());
        header.writeBytes("GGUF".getBytes(StandardCharsets.US_ASCII));
        littleEndian(header, version, Integer.BYTES);
        littleEndian(header, placed.size(), Long.BYTES);
        littleEndian(header, keys.size(), Long.BYTES);
        header.writeBytes(metadata.toByteArray());
        header.writeBytes(infos.toByteArray());
        header.writeBytes(new byte[(int) (dataOffset() - header.size())]);
        return header.toByteArray();
    }

    /// {@return where the tensor data starts, in bytes from the start of the file}
    public long dataOffset() {
        return alignUp(FIXED_BYTES + (long) metadata.size() + infos.size());
    }

    /// {@return the tensors so far, with offsets counted from the start of the file}
    public List<TensorInfo> tensors() {
        long start = dataOffset();
        return placed.stream()
                .map(t -> new TensorInfo(t.name(), t.type(), t.shape(), start + t.offset(), t.byteSize()))
                .toList();
    }

    /// {@return the size of the file in bytes, including the padding of the last tensor}
    public long fileSize() {
        return Math.addExact(dataOffset(), dataSize);
    }

    private GgufWriter number(String key, MetadataType type, long bits) {
        entry(key, type);
        littleEndian(metadata, bits, width(type));
        return this;
    }

    private void array(String key, MetadataType elementType, int size) {
        entry(key, MetadataType.ARRAY);
        littleEndian(metadata, elementType.id(), Integer.BYTES);
        littleEndian(metadata, size, Long.BYTES);
    }

    private void entry(String key, MetadataType type) {
        requireNew(keys, key);
        string(metadata, key.getBytes(StandardCharsets.UTF_8));
        littleEndian(metadata, type.id(), Integer.BYTES);
    }

    private static void requireNew(Set<String> used, String name) {
        if (!used.add(name)) {
            throw new IllegalArgumentException(Problem.fill("{} is there already", name));
        }
    }

    private static void requireInteger(MetadataType type) {
        switch (type) {
            case UINT8, INT8, UINT16, INT16, UINT32, INT32, UINT64, INT64 -> {}
            default -> throw new IllegalArgumentException("expected an integer type, got " + type);
        }
    }

    private static void requireReal(MetadataType type) {
        if (type != MetadataType.FLOAT32 && type != MetadataType.FLOAT64) {
            throw new IllegalArgumentException("expected a floating-point type, got " + type);
        }
    }

    private static long bits(MetadataType type, double value) {
        return type == MetadataType.FLOAT32
                ? Float.floatToRawIntBits((float) value)
                : Double.doubleToRawLongBits(value);
    }

    private static int width(MetadataType type) {
        return switch (type) {
            case UINT8, INT8, BOOL -> 1;
            case UINT16, INT16 -> 2;
            case UINT32, INT32, FLOAT32 -> 4;
            case UINT64, INT64, FLOAT64 -> 8;
            case STRING, ARRAY -> throw new IllegalArgumentException(type + " has no fixed width");
        };
    }

    private static void string(ByteArrayOutputStream out, byte[] bytes) {
        littleEndian(out, bytes.length, Long.BYTES);
        out.writeBytes(bytes);
    }

    private static void littleEndian(ByteArrayOutputStream out, long value, int width) {
        for (int i = 0; i < width; i++) {
            out.write((int) (value >>> (8 * i)));
        }
    }

    private long alignUp(long size) {
        return Math.addExact(size, alignment - 1L) & -(long) alignment;
    }
}
