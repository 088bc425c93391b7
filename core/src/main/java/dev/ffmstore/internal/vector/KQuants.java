package dev.ffmstore.internal.vector;

import static dev.ffmstore.internal.vector.Lanes.COUNT;
import static dev.ffmstore.internal.vector.Lanes.LE;
import static dev.ffmstore.internal.vector.Lanes.ROW;
import static dev.ffmstore.internal.vector.Lanes.TWO;
import static dev.ffmstore.internal.vector.Lanes.half;
import static dev.ffmstore.internal.vector.Lanes.passes;
import static dev.ffmstore.internal.vector.Lanes.signedBytes;
import static dev.ffmstore.internal.vector.Lanes.toFloat;
import static dev.ffmstore.internal.vector.Lanes.unsignedBytes;
import static dev.ffmstore.internal.vector.Lanes.word;

import dev.ffmstore.internal.scalar.PackedScales;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// The K types, super-blocks of 256 elements; see the scalar family for their layouts. [Lanes#passes] says why
/// their loops look as they do.
@SuppressWarnings("NarrowCalculation") // offsets within one block
final class KQuants {
    private static final int ROW_BYTES = 32 * Float.BYTES;
    private static final int TWO_BYTES = TWO * Float.BYTES;

    private KQuants() {}

    static void q2_k(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount) {
        for (long block = 0; block < blockCount; block++, from += 84) {
            float d = half(blocks, from + 80);
            float dmin = half(blocks, from + 82);
            long scales = from;
            long bytes = from + 16;
            int shift = 0;
            for (int rows = passes(8); rows != 0; rows >>= 1) {
                for (int left = ROW; left != 0; left >>= 1) {
                    for (int l = 0; l < TWO; l += COUNT) {
                        int scale = blocks.get(Lanes.BYTE, scales + (l >> 4));
                        IntVector q = unsignedBytes(blocks, bytes + l)
                                .lanewise(VectorOperators.LSHR, shift)
                                .and(3);
                        toFloat(q)
                                .mul(d * (scale & 0xF))
                                .sub(dmin * (scale >> 4 & 0xF))
                                .intoMemorySegment(dense, to + l * Float.BYTES, LE);
                    }
                    scales += TWO >> 4;
                    bytes += TWO;
                    to += TWO_BYTES;
                }
                shift = shift + 2 & 7;
                bytes -= shift == 0 ? 0 : 32; // four rows share their bytes
            }
        }
    }

    static void q3_k(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount) {
        for (long block = 0; block < blockCount; block++, from += 110) {
            float d = half(blocks, from + 108);
            int s0 = word(blocks, from + 96);
            int s1 = word(blocks, from + 100);
            int s2 = word(blocks, from + 104);
            long scales = PackedScales.q3_k(s0, s1, s2, 0);
            long nextScales = PackedScales.q3_k(s0, s1, s2, 1);
            long bytes = from + 32;
            long highBits = from;
            int shift = 0;
            int highShift = 0;
            for (int rows = passes(8); rows != 0; rows >>= 1) {
                for (int left = ROW; left != 0; left >>= 1) {
                    for (int l = 0; l < TWO; l += COUNT) {
                        float ds = d * ((int) (scales >>> (l >> 4) * 8 & 0xFF) - 32);
                        IntVector low = unsignedBytes(blocks, bytes + l)
                                .lanewise(VectorOperators.LSHR, shift)
                                .and(3);
                        IntVector high = unsignedBytes(blocks, highBits + l)
                                .lanewise(VectorOperators.LSHR, highShift)
                                .and(1)
                                .lanewise(VectorOperators.LSHL, 2);
                        toFloat(low.or(high).sub(4)).mul(ds).intoMemorySegment(dense, to + l * Float.BYTES, LE);
                    }
                    scales >>>= TWO >> 1;
                    bytes += TWO;
                    highBits += TWO;
                    to += TWO_BYTES;
                }
                highBits -= 32;
                highShift++;
                shift = shift + 2 & 7;
                bytes -= shift == 0 ? 0 : 32; // four rows share their bytes
                scales = shift == 0 ? nextScales : scales;
            }
        }
    }

    static void q4_k(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount) {
        for (long block = 0; block < blockCount; block++, from += 144) {
            float d = half(blocks, from);
            float dmin = half(blocks, from + 2);
            int s2 = word(blocks, from + 12);
            long scales = PackedScales.scales(word(blocks, from + 4), s2);
            long mins = PackedScales.mins(word(blocks, from + 8), s2);
            long bytes = from + 16;
            for (int pairs = passes(4); pairs != 0; pairs >>= 1) {
                float d0 = d * (scales & 0xFF);
                float m0 = dmin * (mins & 0xFF);
                float d1 = d * (scales >>> 8 & 0xFF);
                float m1 = dmin * (mins >>> 8 & 0xFF);
                scales >>>= 16;
                mins >>>= 16;
                for (int left = ROW; left != 0; left >>= 1) {
                    for (int l = 0; l < TWO; l += COUNT) {
                        IntVector q = unsignedBytes(blocks, bytes + l);
                        long out = to + l * Float.BYTES;
                        toFloat(q.and(0xF)).mul(d0).sub(m0).intoMemorySegment(dense, out, LE);
                        toFloat(q.lanewise(VectorOperators.LSHR, 4))
                                .mul(d1)
                                .sub(m1)
                                .intoMemorySegment(dense, out + ROW_BYTES, LE);
                    }
                    bytes += TWO;
                    to += TWO_BYTES;
                }
                to += ROW_BYTES; // the pair's second row is there already
            }
        }
    }

    static void q5_k(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount) {
        for (long block = 0; block < blockCount; block++, from += 176) {
            float d = half(blocks, from);
            float dmin = half(blocks, from + 2);
            int s2 = word(blocks, from + 12);
            long scales = PackedScales.scales(word(blocks, from + 4), s2);
            long mins = PackedScales.mins(word(blocks, from + 8), s2);
            long bytes = from + 48;
            long highBits = from + 16;
            int shift = 0;
            for (int pairs = passes(4); pairs != 0; pairs >>= 1) {
                float d0 = d * (scales & 0xFF);
                float m0 = dmin * (mins & 0xFF);
                float d1 = d * (scales >>> 8 & 0xFF);
                float m1 = dmin * (mins >>> 8 & 0xFF);
                scales >>>= 16;
                mins >>>= 16;
                for (int left = ROW; left != 0; left >>= 1) {
                    for (int l = 0; l < TWO; l += COUNT) {
                        IntVector q = unsignedBytes(blocks, bytes + l);
                        IntVector h = unsignedBytes(blocks, highBits + l).lanewise(VectorOperators.LSHR, shift);
                        long out = to + l * Float.BYTES;
                        toFloat(q.and(0xF).or(h.and(1).lanewise(VectorOperators.LSHL, 4)))
                                .mul(d0)
                                .sub(m0)
                                .intoMemorySegment(dense, out, LE);
                        toFloat(q.lanewise(VectorOperators.LSHR, 4).or(h.and(2).lanewise(VectorOperators.LSHL, 3)))
                                .mul(d1)
                                .sub(m1)
                                .intoMemorySegment(dense, out + ROW_BYTES, LE);
                    }
                    bytes += TWO;
                    highBits += TWO;
                    to += TWO_BYTES;
                }
                to += ROW_BYTES; // the pair's second row is there already
                highBits -= 32;
                shift += 2;
            }
        }
    }

    static void q6_k(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount) {
        for (long block = 0; block < blockCount; block++, from += 210) {
            float d = half(blocks, from + 208);
            long bytes = from;
            long highBits = from + 128;
            long scales = from + 192;
            int shift = 0;
            for (int pairs = passes(4);
                    pairs != 0;
                    pairs >>= 1) { // rows r and r + 2 of a half share their nibble bytes
                for (int left = ROW; left != 0; left >>= 1) {
                    for (int l = 0; l < TWO; l += COUNT) {
                        IntVector q = unsignedBytes(blocks, bytes + l);
                        IntVector h = unsignedBytes(blocks, highBits + l).lanewise(VectorOperators.LSHR, shift);
                        long scale = scales + (l >> 4);
                        long out = to + l * Float.BYTES;
                        toFloat(q.and(0xF)
                                        .or(h.and(0x03).lanewise(VectorOperators.LSHL, 4))
                                        .sub(32))
                                .mul(d * blocks.get(Lanes.BYTE, scale))
                                .intoMemorySegment(dense, out, LE);
                        toFloat(q.lanewise(VectorOperators.LSHR, 4)
                                        .or(h.and(0x30))
                                        .sub(32))
                                .mul(d * blocks.get(Lanes.BYTE, scale + 4))
                                .intoMemorySegment(dense, out + 2 * ROW_BYTES, LE);
                    }
                    scales += TWO >> 4;
                    bytes += TWO;
                    highBits += TWO;
                    to += TWO_BYTES;
                }
                shift ^= 2;
                highBits -= shift == 0 ? 0 : 32;
                scales += shift == 0 ? 4 : 0; // rows 2 and 3 of the half are there already
                to += shift == 0 ? 2 * ROW_BYTES : 0;
            }
        }
    }

    static void q8_k(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount) {
        for (long block = 0; block < blockCount; block++, from += 292) {
            float d = Float.intBitsToFloat(word(blocks, from));
            long bytes = from + 4;
            for (int left = passes(256 / TWO); left != 0; left >>= 1, bytes += TWO, to += TWO_BYTES) {
                for (int l = 0; l < TWO; l += COUNT) {
                    toFloat(signedBytes(blocks, bytes + l)).mul(d).intoMemorySegment(dense, to + l * Float.BYTES, LE);
                }
            }
        }
    }
}
