package dev.ffmstore.gguf;

import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.ggml.StoredType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.RandomAccess;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.IntStream;

/// The tensor infos of a file: a list that makes each element when it is asked for.
///
/// ```text
/// on the heap   starts   a long per tensor: where its entry is
///               index    two to four ints per tensor: a hash table of the names
/// off the heap  entry    name length u16 │ name │ rank u8 │ dimensions u64, outermost first │ type u32 │ offset
/// ```
///
/// So a header of hundreds of thousands of tensors takes some 25 bytes of heap for each. Filled by one thread, then
/// read by any; readable until the arena of the entries is closed.
final class TensorTable extends AbstractList<TensorInfo> implements RandomAccess {
    private static final long SLAB_BYTES = 64 << 10;
    private static final int SLAB_BITS = 32;
    private static final ValueLayout.OfByte U8 = ValueLayout.JAVA_BYTE;
    private static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED;
    private static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG_UNALIGNED;

    /// What is known of a tensor whose type is not read.
    private record Foreign(ForeignType type, long byteSize) {}

    private final Arena arena;
    private final List<MemorySegment> slabs = new ArrayList<>();
    private long used;
    private long[] starts = new long[16];
    private int count;

    /// Numbers of tensors plus one, each at the first free place from where the hash of its name points to; 0 where
    /// a place is free.
    private int[] index = new int[64];

    /// What hashes are mixed with, so that nobody can make names that collide.
    private final long seed = ThreadLocalRandom.current().nextLong();

    private final Map<Integer, Foreign> foreign = new HashMap<>();
    private long dataOffset;

    TensorTable(Arena arena) {
        this.arena = arena;
    }

    /// Adds a tensor.
    ///
    /// @param name the name in UTF-8, at most 65,535 bytes
    /// @param dimensions outermost first
    /// @param typeId the number of the type
    /// @param offset where the tensor starts, in bytes from the start of the data
    /// @return whether the name is a new one; if not, nothing is added
    boolean add(byte[] name, long[] dimensions, int typeId, long offset) {
        if (2 * (count + 1) > index.length) {
            grow();
        }
        int place = place(name);
        if (index[place] != 0) {
            return false;
        }
        if (count == starts.length) {
            starts = Arrays.copyOf(starts, 2 * count);
        }
        starts[count] = write(name, dimensions, typeId, offset);
        count++;
        index[place] = count;
        return true;
    }

    private long write(byte[] name, long[] dimensions, int typeId, long offset) {
        long size = Short.BYTES + name.length + 1L + (long) dimensions.length * Long.BYTES + Integer.BYTES + Long.BYTES;
        if (slabs.isEmpty() || slabs.getLast().byteSize() - used < size) {
            slabs.add(arena.allocate(Math.max(size, SLAB_BYTES)));
            used = 0;
        }
        MemorySegment slab = slabs.getLast();
        long start = (long) (slabs.size() - 1) << SLAB_BITS | used;
        long at = used;
        slab.set(U16, at, (short) name.length);
        at += Short.BYTES;
        MemorySegment.copy(name, 0, slab, U8, at, name.length);
        at += name.length;
        slab.set(U8, at, (byte) dimensions.length);
        at++;
        for (long dimension : dimensions) {
            slab.set(U64, at, dimension);
            at += Long.BYTES;
        }
        slab.set(U32, at, typeId);
        slab.set(U64, at + Integer.BYTES, offset);
        used += size;
        return start;
    }

    private void grow() {
        index = new int[2 * index.length];
        for (int i = 0; i < count; i++) {
            index[place(nameBytes(i))] = i + 1;
        }
    }

    /// {@return the place of a name in the index, or the free place where it belongs}
    private int place(byte[] name) {
        int mask = index.length - 1;
        int place = (int) hash(name) & mask;
        while (index[place] != 0 && !isNamed(index[place] - 1, name)) {
            place = (place + 1) & mask;
        }
        return place;
    }

    private long hash(byte[] name) {
        long hash = seed;
        for (byte unit : name) {
            hash = (hash ^ unit) * 0x9E37_79B9_7F4A_7C15L; // 2^64 divided by the golden ratio
            hash ^= hash >>> 32;
        }
        return hash;
    }

    private boolean isNamed(int tensor, byte[] name) {
        MemorySegment slab = slab(tensor);
        long at = at(tensor);
        return Short.toUnsignedInt(slab.get(U16, at)) == name.length
                && MemorySegment.mismatch(
                                slab,
                                at + Short.BYTES,
                                at + Short.BYTES + name.length,
                                MemorySegment.ofArray(name),
                                0,
                                name.length)
                        < 0;
    }

    private MemorySegment slab(int tensor) {
        return slabs.get((int) (starts[tensor] >>> SLAB_BITS));
    }

    private long at(int tensor) {
        return starts[tensor] & ((1L << SLAB_BITS) - 1);
    }

    private byte[] nameBytes(int tensor) {
        long at = at(tensor);
        byte[] name = new byte[nameLength(tensor)];
        MemorySegment.copy(slab(tensor), U8, at + Short.BYTES, name, 0, name.length);
        return name;
    }

    /// {@return where the entry of a tensor goes on after its name}
    private long afterName(int tensor) {
        return at(tensor) + Short.BYTES + nameLength(tensor);
    }

    private long afterShape(int tensor) {
        long at = afterName(tensor);
        return at + 1 + (long) slab(tensor).get(U8, at) * Long.BYTES;
    }

    /// {@return the name of a tensor}
    String name(int tensor) {
        return new String(nameBytes(tensor), StandardCharsets.UTF_8);
    }

    /// {@return the length of a tensor's name in bytes}
    int nameLength(int tensor) {
        return Short.toUnsignedInt(slab(tensor).get(U16, at(tensor)));
    }

    /// {@return the shape of a tensor}
    Shape shape(int tensor) {
        long at = afterName(tensor);
        long[] dimensions = new long[slab(tensor).get(U8, at)];
        MemorySegment.copy(slab(tensor), U64, at + 1, dimensions, 0, dimensions.length);
        return Shape.of(dimensions);
    }

    /// {@return the number of a tensor's type}
    int typeId(int tensor) {
        return slab(tensor).get(U32, afterShape(tensor));
    }

    /// {@return where a tensor starts, in bytes from the start of the data}
    long offset(int tensor) {
        return slab(tensor).get(U64, afterShape(tensor) + Integer.BYTES);
    }

    /// {@return the size of a tensor in bytes: where its type is not read, as it was told to [#setForeign], or 0}
    long byteSize(int tensor) {
        Foreign other = foreign.get(tensor);
        if (other != null) {
            return other.byteSize();
        }
        return GgmlType.ofId(typeId(tensor))
                .map(type -> shape(tensor).elementCount() / type.blockLength() * type.blockBytes())
                .orElse(0L);
    }

    /// Says that the type of a tensor is not read, whatever ggml has under its number.
    void setForeign(int tensor, ForeignType type, long byteSize) {
        foreign.put(tensor, new Foreign(type, byteSize));
    }

    /// Says where the data starts, in bytes from the start of the file.
    void setDataOffset(long offset) {
        dataOffset = offset;
    }

    /// {@return the numbers of the tensors in the order of their offsets}
    int[] byOffset() {
        boolean ordered = true;
        for (int i = 1; i < count && ordered; i++) {
            ordered = offset(i - 1) <= offset(i);
        }
        IntStream order = IntStream.range(0, count);
        return ordered
                ? order.toArray()
                : order.boxed()
                        .sorted(Comparator.comparingLong(this::offset))
                        .mapToInt(Integer::intValue)
                        .toArray();
    }

    /// {@return the tensor of a name, or empty}
    Optional<TensorInfo> find(String name) {
        int found = index[place(name.getBytes(StandardCharsets.UTF_8))];
        return found == 0 ? Optional.empty() : Optional.of(get(found - 1));
    }

    @Override
    public TensorInfo get(int tensor) {
        if (tensor < 0 || tensor >= count) {
            throw new IndexOutOfBoundsException("tensor " + tensor + " of " + count);
        }
        Foreign other = foreign.get(tensor);
        StoredType type = other == null ? GgmlType.ofId(typeId(tensor)).orElseThrow() : other.type();
        return new TensorInfo(name(tensor), type, shape(tensor), dataOffset + offset(tensor), byteSize(tensor));
    }

    @Override
    public int size() {
        return count;
    }
}
