package dev.ffmstore.internal.vector;

import static dev.ffmstore.internal.vector.Lanes.COUNT;
import static dev.ffmstore.internal.vector.Lanes.I32;
import static dev.ffmstore.internal.vector.Lanes.LE;
import static dev.ffmstore.internal.vector.Lanes.half;
import static dev.ffmstore.internal.vector.Lanes.signedBytes;
import static dev.ffmstore.internal.vector.Lanes.toFloat;
import static dev.ffmstore.internal.vector.Lanes.unsignedBytes;
import static dev.ffmstore.internal.vector.Lanes.word;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// The simple block types, 32 elements each; see the scalar family for their layouts.
@SuppressWarnings("NarrowCalculation") // offsets within one block
final class LegacyQuants {
    private static final int HALF = 16;
    private static final int HALF_BYTES = HALF * Float.BYTES;
    private static final int DENSE_BYTES = 2 * HALF_BYTES;

    /// 0, 1, 2, …: which of the high bits belongs to a lane.
    private static final IntVector LANE = IntVector.zero(I32).addIndex(1);

    private LegacyQuants() {}

    static void q4_0(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount) {
        for (long block = 0; block < blockCount; block++, from += 18, to += DENSE_BYTES) {
            float d = half(blocks, from);
            for (int j = 0; j < HALF; j += COUNT) {
                IntVector q = unsignedBytes(blocks, from + 2 + j);
                long out = to + j * Float.BYTES;
                toFloat(q.and(0xF).sub(8)).mul(d).intoMemorySegment(dense, out, LE);
                toFloat(q.lanewise(VectorOperators.LSHR, 4).sub(8))
                        .mul(d)
                        .intoMemorySegment(dense, out + HALF_BYTES, LE);
            }
        }
    }

    static void q4_1(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount) {
        for (long block = 0; block < blockCount; block++, from += 20, to += DENSE_BYTES) {
            float d = half(blocks, from);
            float m = half(blocks, from + 2);
            for (int j = 0; j < HALF; j += COUNT) {
                IntVector q = unsignedBytes(blocks, from + 4 + j);
                long out = to + j * Float.BYTES;
                toFloat(q.and(0xF)).mul(d).add(m).intoMemorySegment(dense, out, LE);
                toFloat(q.lanewise(VectorOperators.LSHR, 4))
                        .mul(d)
                        .add(m)
                        .intoMemorySegment(dense, out + HALF_BYTES, LE);
            }
        }
    }

    static void q5_0(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount) {
        for (long block = 0; block < blockCount; block++, from += 22, to += DENSE_BYTES) {
            float d = half(blocks, from);
            int high = word(blocks, from + 2);
            for (int j = 0; j < HALF; j += COUNT) {
                IntVector q = unsignedBytes(blocks, from + 6 + j);
                long out = to + j * Float.BYTES;
                toFloat(q.and(0xF).or(fifthBits(high >>> j)).sub(16)).mul(d).intoMemorySegment(dense, out, LE);
                toFloat(q.lanewise(VectorOperators.LSHR, 4)
                                .or(fifthBits(high >>> j + HALF))
                                .sub(16))
                        .mul(d)
                        .intoMemorySegment(dense, out + HALF_BYTES, LE);
            }
        }
    }

    static void q5_1(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount) {
        for (long block = 0; block < blockCount; block++, from += 24, to += DENSE_BYTES) {
            float d = half(blocks, from);
            float m = half(blocks, from + 2);
            int high = word(blocks, from + 4);
            for (int j = 0; j < HALF; j += COUNT) {
                IntVector q = unsignedBytes(blocks, from + 8 + j);
                long out = to + j * Float.BYTES;
                toFloat(q.and(0xF).or(fifthBits(high >>> j))).mul(d).add(m).intoMemorySegment(dense, out, LE);
                toFloat(q.lanewise(VectorOperators.LSHR, 4).or(fifthBits(high >>> j + HALF)))
                        .mul(d)
                        .add(m)
                        .intoMemorySegment(dense, out + HALF_BYTES, LE);
            }
        }
    }

    /// Returns bit i of `bits` as 16 or 0 in lane i.
    private static IntVector fifthBits(int bits) {
        return IntVector.broadcast(I32, bits)
                .lanewise(VectorOperators.LSHR, LANE)
                .and(1)
                .lanewise(VectorOperators.LSHL, 4);
    }

    static void q8_0(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount) {
        for (long block = 0; block < blockCount; block++, from += 34, to += DENSE_BYTES) {
            float d = half(blocks, from);
            for (int j = 0; j < 2 * HALF; j += COUNT) {
                toFloat(signedBytes(blocks, from + 2 + j)).mul(d).intoMemorySegment(dense, to + j * Float.BYTES, LE);
            }
        }
    }
}
