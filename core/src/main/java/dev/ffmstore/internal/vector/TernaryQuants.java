package dev.ffmstore.internal.vector;

import static dev.ffmstore.internal.vector.Lanes.COUNT;
import static dev.ffmstore.internal.vector.Lanes.I32;
import static dev.ffmstore.internal.vector.Lanes.LE;
import static dev.ffmstore.internal.vector.Lanes.ROW;
import static dev.ffmstore.internal.vector.Lanes.TWO;
import static dev.ffmstore.internal.vector.Lanes.half;
import static dev.ffmstore.internal.vector.Lanes.passes;
import static dev.ffmstore.internal.vector.Lanes.toFloat;
import static dev.ffmstore.internal.vector.Lanes.unsignedBytes;
import static dev.ffmstore.internal.vector.Lanes.word;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// The types of one to two bits per element; see the scalar family for their layouts.
final class TernaryQuants {
    private static final int VECTOR_BYTES = COUNT * Float.BYTES;

    /// 0, 1, 2, …: which bit of a word belongs to a lane.
    private static final IntVector LANE = IntVector.zero(I32).addIndex(1);

    /// 0, 2, 4, … up to 30: which pair of bits belongs to a lane.
    private static final IntVector TWICE_LANE = IntVector.zero(I32).addIndex(2);

    private TernaryQuants() {}

    static void tq1_0(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount) {
        for (long block = 0; block < blockCount; block++, from += 54) {
            float d = half(blocks, from + 52);
            int power = 1;
            for (int rows = passes(5); rows != 0; rows >>= 1, power *= 3) { // of 32
                for (int m = 0; m < 32; m += COUNT, to += VECTOR_BYTES) {
                    trits(blocks, from + m, power, d, dense, to);
                }
            }
            power = 1;
            for (int rows = passes(5); rows != 0; rows >>= 1, power *= 3) { // of 16
                for (int m = 32; m < 48; m += COUNT, to += VECTOR_BYTES) {
                    trits(blocks, from + m, power, d, dense, to);
                }
            }
            power = 1;
            for (int rows = passes(4); rows != 0; rows >>= 1, power *= 3) { // of 4
                int bytes = word(blocks, from + 48);
                for (int left = passes(4); left != 0; left >>= 1, bytes >>>= 8, to += Float.BYTES) {
                    int fraction = bytes * power & 0xFF;
                    dense.set(Lanes.FLOAT, to, ((fraction * 3 >> 8) - 1) * d);
                }
            }
        }
    }

    /// Decodes one trit of each byte.
    private static void trits(MemorySegment blocks, long from, int power, float d, MemorySegment dense, long to) {
        IntVector fraction = unsignedBytes(blocks, from).mul(power).and(0xFF);
        toFloat(fraction.mul(3).lanewise(VectorOperators.LSHR, 8).sub(1)).mul(d).intoMemorySegment(dense, to, LE);
    }

    static void tq2_0(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount) {
        for (long block = 0; block < blockCount; block++, from += 66) {
            float d = half(blocks, from + 64);
            long bytes = from;
            int shift = 0;
            for (int rows = passes(8); rows != 0; rows >>= 1) {
                for (int left = ROW; left != 0; left >>= 1) {
                    for (int l = 0; l < TWO; l += COUNT, to += VECTOR_BYTES) {
                        IntVector q = unsignedBytes(blocks, bytes + l)
                                .lanewise(VectorOperators.LSHR, shift)
                                .and(3);
                        toFloat(q.sub(1)).mul(d).intoMemorySegment(dense, to, LE);
                    }
                    bytes += TWO;
                }
                shift = shift + 2 & 7;
                bytes -= shift == 0 ? 0 : 32; // four rows share their bytes
            }
        }
    }

    static void q1_0(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount) {
        for (long block = 0; block < blockCount; block++, from += 18) {
            int d = Float.floatToRawIntBits(half(blocks, from));
            long words = from + 2;
            for (int left = passes(4); left != 0; left >>= 1, words += 4) {
                int bits = ~word(blocks, words); // set where the sign is flipped
                for (int l = 0; l < 32; l += COUNT, to += VECTOR_BYTES) {
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
            long words = from + 2;
            for (int left = passes(4); left != 0; left >>= 1, words += 4) {
                int bits = word(blocks, words);
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
