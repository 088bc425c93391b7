package dev.ffmstore.bench.run;

import dev.ffmstore.ggml.BlockDecoder;
import dev.ffmstore.ggml.BlockDecoders;
import dev.ffmstore.ggml.GgmlType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Random;

/// Makes blocks of random bytes whose elements are ordinary numbers: zero, or of a magnitude from 2⁻¹⁰⁰ to 2¹⁰⁰.
///
/// Random scales are sometimes infinite, not a number or subnormal; a block with such an element is drawn again. So
/// this need not know the layout of any type.
public final class RandomBlocks {
    private static final ValueLayout.OfFloat ELEMENT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final float SMALLEST = 0x1p-100f;
    private static final float LARGEST = 0x1p100f;

    /// The number of blocks per call: many, and in a shared arena, as decoders are used. C2 compiles what it has
    /// seen, and a decoder that has seen single elements stays slow.
    private static final int DRAWN_AT_ONCE = 4096;

    private final GgmlType type;
    private final Random random;

    /// @param type a type that decodes to floats
    /// @param seed equal seeds give equal blocks
    public RandomBlocks(GgmlType type, long seed) {
        this.type = type;
        this.random = new Random(seed);
    }

    /// {@return some consecutive blocks}
    public byte[] next(int count) {
        int blockBytes = type.blockBytes();
        byte[] blocks = new byte[Math.multiplyExact(count, blockBytes)];
        BlockDecoder decoder = BlockDecoders.scalar().of(type);
        try (Arena arena = Arena.ofShared()) {
            MemorySegment dense = arena.allocate((long) Math.min(count, DRAWN_AT_ONCE) * type.denseBlockBytes());
            MemorySegment drawn = arena.allocate((long) Math.min(count, DRAWN_AT_ONCE) * blockBytes);
            for (int kept = 0; kept < count; ) {
                int draws = Math.min(count - kept, DRAWN_AT_ONCE);
                byte[] bytes = new byte[draws * blockBytes];
                random.nextBytes(bytes);
                MemorySegment.copy(bytes, 0, drawn, ValueLayout.JAVA_BYTE, 0, bytes.length);
                decoder.decode(drawn, 0, dense, 0, draws);
                for (int i = 0; i < draws; i++) {
                    if (isOrdinary(dense.asSlice((long) i * type.denseBlockBytes(), type.denseBlockBytes()))) {
                        System.arraycopy(bytes, i * blockBytes, blocks, kept * blockBytes, blockBytes);
                        kept++;
                    }
                }
            }
        }
        return blocks;
    }

    private static boolean isOrdinary(MemorySegment dense) {
        for (long offset = 0; offset < dense.byteSize(); offset += Float.BYTES) {
            float magnitude = Math.abs(dense.get(ELEMENT, offset));
            if (magnitude != 0 && !(magnitude >= SMALLEST && magnitude <= LARGEST)) {
                return false;
            }
        }
        return true;
    }
}
