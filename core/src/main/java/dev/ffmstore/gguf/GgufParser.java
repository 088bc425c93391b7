package dev.ffmstore.gguf;

import dev.ffmstore.internal.text.Problem;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;

/// Reads and validates a GGUF header.
///
/// ```text
/// magic "GGUF" │ version u32 │ tensor count u64 │ key count u64
/// key count ×    { key string │ type u32 │ value }
/// tensor count × { name string │ rank u32 │ rank × dimension u64, innermost first │ type u32 │ offset u64 }
/// padding to the alignment │ tensor data, offsets counted from here
///
/// string = length u64 │ bytes          array = element type u32 │ count u64 │ elements
/// ```
///
/// All numbers are little-endian. Every count and length is checked against what is left of the file before
/// anything is allocated for it.
final class GgufParser {
    private static final int MAGIC = 0x46554747; // "GGUF"
    private static final int MAX_KEY_BYTES = 65535;
    static final int MAX_ALIGNMENT = 65536;
    private static final int DEFAULT_ALIGNMENT = 32;
    private static final String ALIGNMENT_KEY = "general.alignment";

    /// key length, one byte of key, type, one byte of value
    private static final int SMALLEST_ENTRY_BYTES = 8 + 1 + 4 + 1;
    /// name length, one byte of name, rank 0, type, offset
    private static final int SMALLEST_TENSOR_BYTES = 8 + 1 + 4 + 4 + 8;

    private final HeaderCursor cursor;
    private final Source source;
    private final GgufOptions options;
    private final Arena arena;
    private final SegmentAllocator memory;
    private final List<String> warnings = new ArrayList<>();
    private int alignment = DEFAULT_ALIGNMENT;

    private GgufParser(Source source, GgufOptions options, Arena arena) {
        this.source = source;
        this.options = options;
        this.cursor = new HeaderCursor(source, options.maxMetadataBytes());
        this.arena = arena;
        this.memory = new SlabAllocator(arena);
    }

    static GgufHeader parse(Source source, GgufOptions options, Arena arena) throws IOException {
        return new GgufParser(source, options, arena).header();
    }

    private GgufHeader header() throws IOException {
        int version = version();
        long tensorCount = count("tensors", SMALLEST_TENSOR_BYTES, options.maxTensors(), "--max-tensors");
        long keyCount = count("metadata keys", SMALLEST_ENTRY_BYTES, options.maxMetadataEntries(), "--max-keys");
        Metadata metadata = metadata(keyCount);
        TensorInfoParser infos = new TensorInfoParser(cursor, options, new TensorTable(arena));
        infos.read(tensorCount);
        long dataOffset = alignUp(cursor.position(), alignment);
        TensorTable tensors = infos.place(dataOffset, alignment, warnings);
        return new GgufHeader(
                version, alignment, dataOffset, metadata, tensors, Collections.unmodifiableList(warnings));
    }

    private int version() throws IOException {
        if (source.size() < Integer.BYTES) {
            String got = source.size() == 0 ? "an empty file" : source.size() + " bytes in all";
            throw cursor.fail(0, "the magic \"GGUF\"", got, "not a GGUF file");
        }
        int magic = cursor.u32("the magic");
        if (magic != MAGIC) {
            throw cursor.fail(
                    0,
                    "the magic \"GGUF\" (" + hex(MAGIC) + ")",
                    hex(magic),
                    "not a GGUF file{}",
                    Problem.printable(
                            OtherFile.guess(source).map(kind -> " but " + kind).orElse("")));
        }
        int version = cursor.u32("the version");
        if (version == 2 || version == 3) {
            return version;
        }
        String problem;
        if (version == 1) {
            problem = "GGUF version 1 is too old, convert the model again";
        } else if (Integer.reverseBytes(version) >= 1 && Integer.reverseBytes(version) <= 0xFFFF) {
            problem = "big-endian GGUF file";
        } else {
            problem = "unknown GGUF version";
        }
        throw cursor.fail(Integer.BYTES, "version 2 or 3, little-endian", Integer.toUnsignedString(version), problem);
    }

    private static String hex(int bits) {
        return String.format("0x%08x", bits);
    }

    private long count(String what, int smallestBytes, int limit, String option) throws IOException {
        long offset = cursor.position();
        long count = cursor.u64("the count of {}", what);
        long most = cursor.remaining() / smallestBytes;
        if (Long.compareUnsigned(count, most) > 0) {
            throw cursor.fail(
                    offset,
                    most + " at most",
                    Long.toUnsignedString(count),
                    "more {} than the file has room for",
                    what);
        }
        if (count > limit) {
            throw cursor.fail(offset, limit + " at most", count, "more {} than the limit ({})", what, option);
        }
        return count;
    }

    private Metadata metadata(long keyCount) throws IOException {
        LinkedHashMap<String, MetadataValue> values = new LinkedHashMap<>();
        for (long i = 0; i < keyCount; i++) {
            long offset = cursor.position();
            String key = cursor.identifier("a metadata key", MAX_KEY_BYTES, "");
            MetadataType type = type("the type of metadata key {}", key);
            long valueOffset = cursor.position();
            MetadataValue value = switch (type) {
                case STRING -> text(key);
                case ARRAY -> array(key);
                default -> scalar(type, key);
            };
            if (values.putIfAbsent(key, value) != null) {
                throw cursor.fail(offset, null, null, "metadata key {} occurs twice", key);
            }
            if (key.equals(ALIGNMENT_KEY)) {
                alignment = alignment(value, valueOffset);
            }
        }
        return new Metadata(values);
    }

    private MetadataType type(String what, Object... values) throws IOException {
        long offset = cursor.position();
        int id = cursor.u32(what, values);
        if (id < 0 || id >= MetadataType.COUNT) {
            throw cursor.fail(
                    offset,
                    "0 to " + (MetadataType.COUNT - 1),
                    Integer.toUnsignedString(id),
                    what + " is unknown",
                    values);
        }
        return MetadataType.ofId(id);
    }

    private MetadataValue scalar(MetadataType type, String key) throws IOException {
        String what = "the value of metadata key {}";
        return switch (type) {
            case UINT8 -> new MetadataValue.Int(type, cursor.u8(what, key));
            case INT8 -> new MetadataValue.Int(type, (byte) cursor.u8(what, key));
            case UINT16 -> new MetadataValue.Int(type, cursor.u16(what, key));
            case INT16 -> new MetadataValue.Int(type, (short) cursor.u16(what, key));
            case UINT32 -> new MetadataValue.Int(type, Integer.toUnsignedLong(cursor.u32(what, key)));
            case INT32 -> new MetadataValue.Int(type, cursor.u32(what, key));
            case UINT64, INT64 -> new MetadataValue.Int(type, cursor.u64(what, key));
            case FLOAT32 -> new MetadataValue.Real(type, Float.intBitsToFloat(cursor.u32(what, key)));
            case FLOAT64 -> new MetadataValue.Real(type, Double.longBitsToDouble(cursor.u64(what, key)));
            case BOOL -> new MetadataValue.Bool(cursor.u8(what, key) != 0);
            case STRING, ARRAY -> throw new AssertionError(type);
        };
    }

    private MetadataValue.Text text(String key) throws IOException {
        String what = "the value of metadata key {}";
        long length = cursor.stringLength(what, key);
        MetadataValue.Text text = new MetadataValue.Text(payload(length, what, key));
        if (!isUtf8(text.bytes())) {
            warnings.add(Problem.fill("the string of metadata key {} is not valid UTF-8", key));
        }
        return text;
    }

    private MetadataValue.Array array(String key) throws IOException {
        String what = "the array of metadata key {}";
        long typeOffset = cursor.position();
        MetadataType elementType = type("the element type of metadata key {}", key);
        if (elementType == MetadataType.ARRAY) {
            throw cursor.fail(
                    typeOffset,
                    "a plain element type",
                    "an array",
                    "metadata key {} is an array of arrays, which is not supported",
                    key);
        }
        long countOffset = cursor.position();
        long count = cursor.u64(what, key);
        long most = cursor.remaining() / elementType.smallestBytes();
        if (Long.compareUnsigned(count, most) > 0) {
            throw cursor.fail(
                    countOffset,
                    most + " at most",
                    Long.toUnsignedString(count),
                    what + " is longer than the rest of the file",
                    key);
        }
        if (elementType != MetadataType.STRING) {
            MemorySegment elements = payload(count * elementType.smallestBytes(), what, key);
            return new MetadataValue.Array(elementType, count, elements, new long[0]);
        }
        return stringArray(count, what, key);
    }

    /// Walks over the strings once to see where they end, then reads all of them at once and indexes them.
    private MetadataValue.Array stringArray(long count, String what, Object... values) throws IOException {
        long start = cursor.position();
        for (long i = 0; i < count; i++) {
            cursor.skip(cursor.stringLength(what, values), what, values);
        }
        MemorySegment bytes = payload(start, cursor.position() - start);
        long[] index = new long[Math.toIntExact(Math.ceilDiv(count, (long) MetadataValue.Array.INDEX_STRIDE))];
        long position = 0;
        for (long i = 0; i < count; i++) {
            if (i % MetadataValue.Array.INDEX_STRIDE == 0) {
                index[(int) (i / MetadataValue.Array.INDEX_STRIDE)] = position;
            }
            long room = bytes.byteSize() - position - Long.BYTES;
            long length = room < 0 ? -1 : bytes.get(HeaderCursor.U64, position);
            if (length < 0 || length > room) {
                throw cursor.fail(start + position, null, null, what + " has changed while it was being read", values);
            }
            position += Long.BYTES + length;
        }
        return new MetadataValue.Array(MetadataType.STRING, count, bytes, index);
    }

    private MemorySegment payload(long length, String what, Object... values) throws IOException {
        cursor.require(length, what, values);
        MemorySegment bytes = memory.allocate(length);
        cursor.read(bytes, what, values);
        return bytes;
    }

    private MemorySegment payload(long offset, long length) throws IOException {
        MemorySegment bytes = memory.allocate(length);
        cursor.readSource(offset, bytes);
        return bytes;
    }

    private int alignment(MetadataValue value, long offset) throws GgufException {
        if (value instanceof MetadataValue.Int number
                && number.type() == MetadataType.UINT32
                && Long.bitCount(number.value()) == 1
                && number.value() <= MAX_ALIGNMENT) {
            return (int) number.value();
        }
        throw cursor.fail(
                offset,
                "a UINT32, a power of two, at most " + MAX_ALIGNMENT,
                value instanceof MetadataValue.Int ? value.type() + " " + value : value.type(),
                "{} is not usable",
                ALIGNMENT_KEY);
    }

    private static boolean isUtf8(MemorySegment bytes) {
        try {
            ByteBuffer rest = bytes.asByteBuffer();
            CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
            CharBuffer sink = CharBuffer.allocate((int) Math.min(8192, bytes.byteSize() + 1));
            while (true) {
                CoderResult result = decoder.decode(rest, sink, true);
                if (result.isError()) {
                    return false;
                }
                if (result.isUnderflow()) {
                    return true;
                }
                sink.clear();
            }
        } catch (UnsupportedOperationException e) {
            return true; // longer than a buffer can be: not worth a warning
        }
    }

    static long alignUp(long value, int alignment) {
        return Math.addExact(value, alignment - 1L) & -alignment;
    }
}
