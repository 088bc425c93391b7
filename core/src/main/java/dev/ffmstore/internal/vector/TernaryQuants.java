package dev.ffmstore.internal.vector;

import static dev.ffmstore.internal.vector.Lanes.COUNT;
import static dev.ffmstore.internal.vector.Lanes.I32;
import static dev.ffmstore.internal.vector.Lanes.LE;
import static dev.ffmstore.internal.vector.Lanes.half;
import static dev.ffmstore.internal.vector.Lanes.toFloat;
import static dev.ffmstore.internal.vector.Lanes.unsignedByte;
import static dev.ffmstore.internal.vector.Lanes.unsignedBytes;
import static dev.ffmstore.internal.vector.Lanes.word;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// The types of one to two bits an element; see the scalar family for their layouts.
final class TernaryQuants {
    private static final int ROW_BYTES = 32 * Float.BYTES;

    /// 0, 1, 2, …: which bit of a word belongs to a lane.
    private static final IntVector LANE = IntVector.zero(I32).addIndex(1);

    /// 0, 2, 4, … up to 30: which pair of bits.
    private static final IntVector TWICE_LANE = IntVector.zero(I32).addIndex(2);

    private TernaryQuants() {}

    static void tq1(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount) {
        for (long block = 0; block < blockCount; block++, from += 54, to += 8 * ROW_BYTES) {
            float d = half(blocks, from + 52);
            trits(blocks, from, 32, d, dense, to);
            trits(blocks, from + 32, 16, d, dense, to + 160 * Float.BYTES);
            int power = 1;
            for (int row = 0; row < 4; row++, power *= 3) {
                for (int m = 0; m < 4; m++) {
                    int fraction = unsignedByte(blocks, from + 48 + m) * power & 0xFF;
                    dense.set(Lanes.FLOAT, to + (240 + row * 4 + m) * Float.BYTES, ((fraction * 3 >> 8) - 1) * d);
                }
            }
        }
    }

    /// Five rows of `run` elements.
    private static void trits(MemorySegment blocks, long from, int run, float d, MemorySegment dense, long to) {
        int power = 1;
        for (int row = 0; row < 5; row++, power *= 3) {
            for (int m = 0; m < run; m += COUNT) {
                IntVector fraction = unsignedBytes(blocks, from + m).mul(power).and(0xFF);
                toFloat(fraction.mul(3).lanewise(VectorOperators.LSHR, 8).sub(1))
                        .mul(d)
                        .intoMemorySegment(dense, to + (row * run + m) * Float.BYTES, LE);
            }
        }
    }

    static void tq2(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount) {
        for (long block = 0; block < blockCount; block++, from += 66, to += 8 * ROW_BYTES) {
            float d = half(blocks, from + 64);
            for (int row = 0; row < 8; row++) {
                for (int l = 0; l < 32; l += COUNT) {
                    IntVector q = unsignedBytes(blocks, from + (row >> 2) * 32 + l)
                            .lanewise(VectorOperators.LSHR, 2 * (row & 3))
                            .and(3);
                    toFloat(q.sub(1)).mul(d).intoMemorySegment(dense, to + row * ROW_BYTES + l * Float.BYTES, LE);
                }
            }
        }
    }

    static void q1_0(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount) {
        for (long block = 0; block < blockCount; block++, from += 18) {
            int d = Float.floatToRawIntBits(half(blocks, from));
            for (int i = 0; i < 128; i += 32) {
                int bits = ~word(blocks, from + 2 + (i >> 3)); // set where the sign is turned
                for (int l = 0; l < 32; l += COUNT, to += COUNT * Float.BYTES) {
                    IntVector.broadcast(I32, bits >>> l)
                            .lanewise(VectorOperators.LSHR, LANE)
                            .lanewise(VectorOperators.LSHL, 31)
                            .lanewise(VectorOperators.XOR, d)
                            .intoMemorySegment(dense, to, LE);
                }
            }
        }
    }

    static void q2_0(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount) {
        for (long block = 0; block < blockCount; block++, from += 18) {
            float d = half(blocks, from);
            for (int i = 0; i < 64; i += 16) {
                int bits = word(blocks, from + 2 + (i >> 2));
                for (int l = 0; l < 16; l += COUNT, to += COUNT * Float.BYTES) {
                    IntVector q = IntVector.broadcast(I32, bits >>> 2 * l)
                            .lanewise(VectorOperators.LSHR, TWICE_LANE)
                            .and(3);
                    toFloat(q.sub(1)).mul(d).intoMemorySegment(dense, to, LE);
                }
            }
        }
    }
}
