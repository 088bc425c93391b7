package dev.ffmstore.internal.vector;

import static dev.ffmstore.internal.vector.Lanes.COUNT;
import static dev.ffmstore.internal.vector.Lanes.LE;
import static dev.ffmstore.internal.vector.Lanes.half;
import static dev.ffmstore.internal.vector.Lanes.signedBytes;
import static dev.ffmstore.internal.vector.Lanes.toFloat;
import static dev.ffmstore.internal.vector.Lanes.unsignedBytes;
import static dev.ffmstore.internal.vector.Lanes.word;

import dev.ffmstore.internal.scalar.PackedScales;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// The K types, super-blocks of 256 elements; see the scalar family for their layouts.
@SuppressWarnings("NarrowCalculation") // offsets within one block
final class KQuants {
    private static final int DENSE_BYTES = 256 * Float.BYTES;
    private static final int ROW_BYTES = 32 * Float.BYTES;

    private KQuants() {}

    static void q2k(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount) {
        for (long block = 0; block < blockCount; block++, from += 84, to += DENSE_BYTES) {
            float d = half(blocks, from + 80);
            float dmin = half(blocks, from + 82);
            for (int row = 0; row < 8; row++) {
                for (int l = 0; l < 32; l += COUNT) {
                    int scale = blocks.get(Lanes.BYTE, from + row * 2 + (l >> 4));
                    IntVector q = unsignedBytes(blocks, from + 16 + (row >> 2) * 32 + l)
                            .lanewise(VectorOperators.LSHR, 2 * (row & 3))
                            .and(3);
                    toFloat(q)
                            .mul(d * (scale & 0xF))
                            .sub(dmin * (scale >> 4 & 0xF))
                            .intoMemorySegment(dense, to + row * ROW_BYTES + l * Float.BYTES, LE);
                }
            }
        }
    }

    static void q3k(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount) {
        for (long block = 0; block < blockCount; block++, from += 110, to += DENSE_BYTES) {
            float d = half(blocks, from + 108);
            int s0 = word(blocks, from + 96);
            int s1 = word(blocks, from + 100);
            int s2 = word(blocks, from + 104);
            for (int row = 0; row < 8; row++) {
                long scales = PackedScales.q3k(s0, s1, s2, row >> 2) >>> (row & 3) * 16;
                for (int l = 0; l < 32; l += COUNT) {
                    float ds = d * ((int) (scales >>> (l >> 4) * 8 & 0xFF) - 32);
                    IntVector low = unsignedBytes(blocks, from + 32 + (row >> 2) * 32 + l)
                            .lanewise(VectorOperators.LSHR, 2 * (row & 3))
                            .and(3);
                    IntVector high = unsignedBytes(blocks, from + l)
                            .lanewise(VectorOperators.LSHR, row)
                            .and(1)
                            .lanewise(VectorOperators.LSHL, 2);
                    toFloat(low.or(high).sub(4))
                            .mul(ds)
                            .intoMemorySegment(dense, to + row * ROW_BYTES + l * Float.BYTES, LE);
                }
            }
        }
    }

    static void q4k(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount) {
        for (long block = 0; block < blockCount; block++, from += 144, to += DENSE_BYTES) {
            float d = half(blocks, from);
            float dmin = half(blocks, from + 2);
            int s2 = word(blocks, from + 12);
            long scales = PackedScales.scales(word(blocks, from + 4), s2);
            long mins = PackedScales.mins(word(blocks, from + 8), s2);
            for (int pair = 0; pair < 4; pair++) {
                float d0 = d * (scales & 0xFF);
                float m0 = dmin * (mins & 0xFF);
                float d1 = d * (scales >>> 8 & 0xFF);
                float m1 = dmin * (mins >>> 8 & 0xFF);
                scales >>>= 16;
                mins >>>= 16;
                for (int l = 0; l < 32; l += COUNT) {
                    IntVector q = unsignedBytes(blocks, from + 16 + pair * 32 + l);
                    long out = to + pair * 2 * ROW_BYTES + l * Float.BYTES;
                    toFloat(q.and(0xF)).mul(d0).sub(m0).intoMemorySegment(dense, out, LE);
                    toFloat(q.lanewise(VectorOperators.LSHR, 4))
                            .mul(d1)
                            .sub(m1)
                            .intoMemorySegment(dense, out + ROW_BYTES, LE);
                }
            }
        }
    }

    static void q5k(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount) {
        for (long block = 0; block < blockCount; block++, from += 176, to += DENSE_BYTES) {
            float d = half(blocks, from);
            float dmin = half(blocks, from + 2);
            int s2 = word(blocks, from + 12);
            long scales = PackedScales.scales(word(blocks, from + 4), s2);
            long mins = PackedScales.mins(word(blocks, from + 8), s2);
            for (int pair = 0; pair < 4; pair++) {
                float d0 = d * (scales & 0xFF);
                float m0 = dmin * (mins & 0xFF);
                float d1 = d * (scales >>> 8 & 0xFF);
                float m1 = dmin * (mins >>> 8 & 0xFF);
                scales >>>= 16;
                mins >>>= 16;
                for (int l = 0; l < 32; l += COUNT) {
                    IntVector q = unsignedBytes(blocks, from + 48 + pair * 32 + l);
                    IntVector h = unsignedBytes(blocks, from + 16 + l).lanewise(VectorOperators.LSHR, 2 * pair);
                    long out = to + pair * 2 * ROW_BYTES + l * Float.BYTES;
                    toFloat(q.and(0xF).or(h.and(1).lanewise(VectorOperators.LSHL, 4)))
                            .mul(d0)
                            .sub(m0)
                            .intoMemorySegment(dense, out, LE);
                    toFloat(q.lanewise(VectorOperators.LSHR, 4).or(h.and(2).lanewise(VectorOperators.LSHL, 3)))
                            .mul(d1)
                            .sub(m1)
                            .intoMemorySegment(dense, out + ROW_BYTES, LE);
                }
            }
        }
    }

    static void q6k(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount) {
        for (long block = 0; block < blockCount; block++, from += 210, to += DENSE_BYTES) {
            float d = half(blocks, from + 208);
            for (int pair = 0; pair < 4; pair++) { // rows r and r + 2 of a half of 128, which share their nibble bytes
                int side = pair >> 1;
                int row = pair & 1;
                for (int l = 0; l < 32; l += COUNT) {
                    IntVector q = unsignedBytes(blocks, from + pair * 32 + l);
                    IntVector h =
                            unsignedBytes(blocks, from + 128 + side * 32 + l).lanewise(VectorOperators.LSHR, 2 * row);
                    long scale = from + 192 + side * 8 + row * 2 + (l >> 4);
                    long out = to + (side * 4 + row) * ROW_BYTES + l * Float.BYTES;
                    toFloat(q.and(0xF)
                                    .or(h.and(0x03).lanewise(VectorOperators.LSHL, 4))
                                    .sub(32))
                            .mul(d * blocks.get(Lanes.BYTE, scale))
                            .intoMemorySegment(dense, out, LE);
                    toFloat(q.lanewise(VectorOperators.LSHR, 4).or(h.and(0x30)).sub(32))
                            .mul(d * blocks.get(Lanes.BYTE, scale + 4))
                            .intoMemorySegment(dense, out + 2 * ROW_BYTES, LE);
                }
            }
        }
    }

    static void q8k(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount) {
        for (long block = 0; block < blockCount; block++, from += 292, to += DENSE_BYTES) {
            float d = Float.intBitsToFloat(word(blocks, from));
            for (int j = 0; j < 256; j += COUNT) {
                toFloat(signedBytes(blocks, from + 4 + j)).mul(d).intoMemorySegment(dense, to + j * Float.BYTES, LE);
            }
        }
    }
}
