package dev.ffmstore.internal.scalar;

import static dev.ffmstore.internal.scalar.ScalarKernel.eight;
import static dev.ffmstore.internal.scalar.ScalarKernel.four;
import static dev.ffmstore.internal.scalar.ScalarKernel.half;

/// The K types: a super-block of 256 elements, cut into sub-blocks with small integer scales of their own.
///
/// ```text
/// Q2_K  16 B of scale and min, 4 bits each │ 64 B pairs │ d f16 │ dmin f16         84 B   d·sc·q − dmin·m
/// Q3_K  32 B high bits │ 64 B low pairs │ 12 B scales of 6 bits │ d f16           110 B   d·(sc − 32)·(q − 4)
/// Q4_K  d f16 │ dmin f16 │ 12 B scales and mins │ 128 B nibbles                   144 B   d·sc·q − dmin·m
/// Q5_K  d f16 │ dmin f16 │ 12 B scales and mins │ 32 B high bits │ 128 B nibbles  176 B   d·sc·q − dmin·m
/// Q6_K  128 B low nibbles │ 64 B high pairs │ 16 B int8 scales │ d f16            210 B   (d·sc)·(q − 32)
/// Q8_K  d f32 │ 256 B int8 │ 32 B sums of 16, not needed here                     292 B   d·q
/// ```
///
/// In Q4_K and Q5_K, each sub-block s of 32 elements has a 6-bit scale and a 6-bit min. Let s0, s1, s2 be the three
/// little-endian words of the 12 bytes. The scales and mins of sub-blocks 0–3 are the low six bits of the bytes of
/// s0 (scales) and s1 (mins); those of sub-blocks 4–7 take their low four bits from the nibbles of s2 and their
/// upper two from the top of s0 and s1. Nibble byte l of pair p of sub-blocks holds element l of sub-block 2p low
/// and of 2p + 1 high; high-bit byte l holds in bit s the fifth bit of element l of sub-block s.
///
/// In Q2_K and Q3_K every 16 elements have a scale. Each half of 128 elements is four rows of 32, and bits 2r and
/// 2r + 1 of its byte l belong to element l of row r. Bit r of high byte l of Q3_K is the third bit of element l of
/// row r, of all eight rows. Its sixteen scales are two words of low nibbles and one of upper pairs.
///
/// In Q6_K each half of 128 elements has four rows of 32: rows 0 and 1 are the low nibbles of its 64 bytes,
/// rows 2 and 3 the high ones; bits 2r and 2r + 1 of high byte l belong to element l of row r; every 16
/// elements have a scale.
final class KQuants {
    private static final int LENGTH = 256;

    private KQuants() {}

    static void q2_k(byte[] blocks, Unpacked unpacked, float[] dense, int blockCount) {
        for (int block = 0; block < blockCount; block++) {
            q2_kBlock(blocks, block * 84, unpacked, block);
        }
        unpacked.scaleAndSubtract(dense, blockCount * LENGTH);
    }

    private static void q2_kBlock(byte[] blocks, int from, Unpacked unpacked, int block) {
        int to = block * LENGTH;
        unpacked.blockScale(block, half(blocks, from + 80));
        unpacked.blockMin(block, half(blocks, from + 82));
        for (int sub = 0; sub < 16; sub++) {
            int scale = blocks[from + sub];
            unpacked.scale(to + sub * 16, 16, scale & 0xF);
            unpacked.min(to + sub * 16, 16, scale >> 4 & 0xF);
        }
        for (int side = 0; side < 2; side++) {
            for (int l = 0; l < 32; l += 8) {
                long q = eight(blocks, from + 16 + side * 32 + l);
                for (int row = 0; row < 4; row++) {
                    unpacked.quants(to + side * 128 + row * 32 + l, ByteLanes.pairs(q, 2 * row));
                }
            }
        }
    }

    static void q3_k(byte[] blocks, Unpacked unpacked, float[] dense, int blockCount) {
        for (int block = 0; block < blockCount; block++) {
            q3_kBlock(blocks, block * 110, unpacked, block);
        }
        unpacked.scale(dense, blockCount * LENGTH);
    }

    private static void q3_kBlock(byte[] blocks, int from, Unpacked unpacked, int block) {
        unpacked.blockScale(block, half(blocks, from + 108));
        int s0 = four(blocks, from + 96);
        int s1 = four(blocks, from + 100);
        int s2 = four(blocks, from + 104);
        for (int side = 0; side < 2; side++) {
            int to = block * LENGTH + side * 128;
            long scales = PackedScales.q3_k(s0, s1, s2, side);
            for (int sub = 0; sub < 8; sub++, scales >>>= 8) {
                unpacked.scale(to + sub * 16, 16, (int) (scales & 0xFF) - 32);
            }
            for (int l = 0; l < 32; l += 8) {
                long q = eight(blocks, from + 32 + side * 32 + l);
                long high = eight(blocks, from + l) >>> side * 4;
                for (int row = 0; row < 4; row++) {
                    long three = ByteLanes.pairs(q, 2 * row) | ByteLanes.bits(high, row) << 2;
                    unpacked.quants(to + row * 32 + l, ByteLanes.minus(three, 4));
                }
            }
        }
    }

    static void q4_k(byte[] blocks, Unpacked unpacked, float[] dense, int blockCount) {
        for (int block = 0; block < blockCount; block++) {
            q4_kBlock(blocks, block * 144, unpacked, block);
        }
        unpacked.scaleAndSubtract(dense, blockCount * LENGTH);
    }

    private static void q4_kBlock(byte[] blocks, int from, Unpacked unpacked, int block) {
        scalesAndMins(blocks, from, block, unpacked);
        for (int l = 0; l < 128; l += 8) {
            long q = eight(blocks, from + 16 + l);
            int to = block * LENGTH + 2 * l - (l & 31); // 64 elements for each 32 bytes
            unpacked.quants(to, ByteLanes.low(q));
            unpacked.quants(to + 32, ByteLanes.high(q));
        }
    }

    static void q5_k(byte[] blocks, Unpacked unpacked, float[] dense, int blockCount) {
        for (int block = 0; block < blockCount; block++) {
            q5_kBlock(blocks, block * 176, unpacked, block);
        }
        unpacked.scaleAndSubtract(dense, blockCount * LENGTH);
    }

    private static void q5_kBlock(byte[] blocks, int from, Unpacked unpacked, int block) {
        int to = block * LENGTH;
        scalesAndMins(blocks, from, block, unpacked);
        for (int l = 0; l < 32; l += 8) {
            long high = eight(blocks, from + 16 + l);
            for (int pair = 0; pair < 4; pair++) {
                long q = eight(blocks, from + 48 + pair * 32 + l);
                long even = ByteLanes.bits(high, 2 * pair) << 4;
                long odd = ByteLanes.bits(high, 2 * pair + 1) << 4;
                unpacked.quants(to + pair * 64 + l, ByteLanes.low(q) | even);
                unpacked.quants(to + pair * 64 + 32 + l, ByteLanes.high(q) | odd);
            }
        }
    }

    /// Takes apart the first sixteen bytes of a Q4_K or Q5_K block.
    private static void scalesAndMins(byte[] blocks, int from, int block, Unpacked unpacked) {
        unpacked.blockScale(block, half(blocks, from));
        unpacked.blockMin(block, half(blocks, from + 2));
        int s2 = four(blocks, from + 12);
        long scales = PackedScales.scales(four(blocks, from + 4), s2);
        long mins = PackedScales.mins(four(blocks, from + 8), s2);
        int to = block * LENGTH;
        for (int sub = 0; sub < 8; sub++, scales >>>= 8, mins >>>= 8) {
            unpacked.scale(to + sub * 32, 32, (int) scales);
            unpacked.min(to + sub * 32, 32, (int) mins);
        }
    }

    static void q6_k(byte[] blocks, Unpacked unpacked, float[] dense, int blockCount) {
        for (int block = 0; block < blockCount; block++) {
            q6_kBlock(blocks, block * 210, unpacked, block);
        }
        unpacked.scale(dense, blockCount * LENGTH);
    }

    private static void q6_kBlock(byte[] blocks, int from, Unpacked unpacked, int block) {
        unpacked.blockScale(block, half(blocks, from + 208));
        for (int sub = 0; sub < 16; sub++) {
            unpacked.scale(block * LENGTH + sub * 16, 16, blocks[from + 192 + sub]);
        }
        for (int side = 0; side < 2; side++) {
            int to = block * LENGTH + side * 128;
            for (int l = 0; l < 32; l += 8) {
                long q0 = eight(blocks, from + side * 64 + l);
                long q1 = eight(blocks, from + side * 64 + 32 + l);
                long high = eight(blocks, from + 128 + side * 32 + l);
                unpacked.quants(to + l, sixBits(ByteLanes.low(q0), high, 0));
                unpacked.quants(to + 32 + l, sixBits(ByteLanes.low(q1), high, 2));
                unpacked.quants(to + 64 + l, sixBits(ByteLanes.high(q0), high, 4));
                unpacked.quants(to + 96 + l, sixBits(ByteLanes.high(q1), high, 6));
            }
        }
    }

    private static long sixBits(long nibbles, long high, int shift) {
        return ByteLanes.minus(nibbles | ByteLanes.pairs(high, shift) << 4, 32);
    }

    static void q8_k(byte[] blocks, Unpacked unused, float[] dense, int blockCount) {
        for (int block = 0; block < blockCount; block++) {
            int from = block * 292;
            int to = block * LENGTH;
            float d = Float.intBitsToFloat(four(blocks, from));
            for (int j = 0; j < LENGTH; j++) {
                dense[to + j] = d * blocks[from + 4 + j];
            }
        }
    }
}
