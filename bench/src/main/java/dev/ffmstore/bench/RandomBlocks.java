package dev.ffmstore.bench;

import dev.ffmstore.ggml.BlockDecoder;
import dev.ffmstore.ggml.BlockDecoders;
import dev.ffmstore.ggml.GgmlType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Random;

/// Blocks of random bytes whose elements are ordinary numbers: zero, or of a magnitude from 2⁻¹⁰⁰ to 2¹⁰⁰.
///
/// Random scales are now and then infinite, not a number or subnormal; a block with such an element is drawn again.
/// So no type's layout need be known here.
final class RandomBlocks {
    private static final ValueLayout.OfFloat ELEMENT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final float SMALLEST = 0x1p-100f;
    private static final float LARGEST = 0x1p100f;

    private final GgmlType type;
    private final Random random;

    /// @param type a type that decodes to floats
    /// @param seed equal seeds give equal blocks
    RandomBlocks(GgmlType type, long seed) {
        this.type = type;
        this.random = new Random(seed);
    }

    /// {@return some consecutive blocks}
    byte[] next(int count) {
        int blockBytes = type.blockBytes();
        byte[] blocks = new byte[Math.multiplyExact(count, blockBytes)];
        byte[] block = new byte[blockBytes];
        BlockDecoder decoder = BlockDecoders.scalar().of(type);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment drawn = arena.allocate(blockBytes);
            MemorySegment dense = arena.allocate(type.denseBlockBytes());
            for (int i = 0; i < count; i++) {
                do {
                    random.nextBytes(block);
                    MemorySegment.copy(block, 0, drawn, ValueLayout.JAVA_BYTE, 0, blockBytes);
                    decoder.decode(drawn, 0, dense, 0, 1);
                } while (!isOrdinary(dense));
                System.arraycopy(block, 0, blocks, i * blockBytes, blockBytes);
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
