package dev.ffmstore.internal.scalar;

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
/// In Q4_K and Q5_K, sub-block s of 32 has a 6-bit scale and a 6-bit min. With s0, s1, s2 the three little-endian
/// words of the 12 bytes, those of sub-blocks 0–3 are the low six bits of the bytes of s0 (scales) and s1 (mins);
/// those of sub-blocks 4–7 take their low four bits from the nibbles of s2 and their upper two from the top of s0
/// and s1. Nibble byte l of pair p of sub-blocks holds element l of sub-block 2p low and of 2p + 1 high; high-bit
/// byte l holds in bit s the fifth bit of element l of sub-block s.
///
/// In Q2_K and Q3_K every 16 elements have a scale. Each half of 128 elements is four rows of 32, and bits 2r and
/// 2r + 1 of its byte l belong to element l of row r. Bit r of high byte l of Q3_K is the third bit of element l of
/// row r, of all eight rows. Its sixteen scales are two words of low nibbles and one of upper pairs.
///
/// In Q6_K each half of 128 elements has four rows of 32: rows 0 and 1 are the low nibbles of its 64 bytes, rows 2
/// and 3 the high ones; bits 2r and 2r + 1 of high byte l belong to element l of row r; every 16 elements have a
/// scale.
final class KQuants {
    private static final int LENGTH = 256;

    private KQuants() {}

    static void q2k(byte[] blocks, float[] dense, int blockCount) {
        for (int block = 0; block < blockCount; block++) {
            int from = block * 84;
            float d = half(blocks, from + 80);
            float dmin = half(blocks, from + 82);
            for (int sub = 0; sub < 16; sub++) {
                int scale = blocks[from + sub];
                float ds = d * (scale & 0xF);
                float dm = dmin * (scale >> 4 & 0xF);
                int in = from + 16 + (sub >> 3) * 32 + (sub & 1) * 16;
                int shift = sub & 6; // twice the row
                int out = block * LENGTH + sub * 16;
                for (int l = 0; l < 16; l++) {
                    dense[out + l] = ds * (blocks[in + l] >> shift & 3) - dm;
                }
            }
        }
    }

    static void q3k(byte[] blocks, float[] dense, int blockCount) {
        for (int block = 0; block < blockCount; block++) {
            int from = block * 110;
            float d = half(blocks, from + 108);
            int s0 = (int) ScalarKernel.U32.get(blocks, from + 96);
            int s1 = (int) ScalarKernel.U32.get(blocks, from + 100);
            int s2 = (int) ScalarKernel.U32.get(blocks, from + 104);
            for (int side = 0; side < 2; side++) {
                long scales = PackedScales.q3k(s0, s1, s2, side);
                for (int sub = 0; sub < 8; sub++, scales >>>= 8) {
                    float ds = d * ((scales & 0xFF) - 32);
                    int in = from + 32 + side * 32 + (sub & 1) * 16;
                    int high = from + (sub & 1) * 16;
                    int row = side * 4 + (sub >> 1);
                    int shift = sub & 6;
                    int out = block * LENGTH + side * 128 + sub * 16;
                    for (int l = 0; l < 16; l++) {
                        int q = blocks[in + l] >> shift & 3 | (blocks[high + l] >> row & 1) << 2;
                        dense[out + l] = ds * (q - 4);
                    }
                }
            }
        }
    }

    static void q4k(byte[] blocks, float[] dense, int blockCount) {
        for (int block = 0; block < blockCount; block++) {
            int from = block * 144;
            int to = block * LENGTH;
            float d = half(blocks, from);
            float dmin = half(blocks, from + 2);
            int s0 = (int) ScalarKernel.U32.get(blocks, from + 4);
            int s1 = (int) ScalarKernel.U32.get(blocks, from + 8);
            int s2 = (int) ScalarKernel.U32.get(blocks, from + 12);
            long scales = PackedScales.scales(s0, s2);
            long mins = PackedScales.mins(s1, s2);
            for (int pair = 0; pair < 4; pair++) {
                float d0 = d * (scales & 0xFF);
                float m0 = dmin * (mins & 0xFF);
                float d1 = d * (scales >>> 8 & 0xFF);
                float m1 = dmin * (mins >>> 8 & 0xFF);
                scales >>>= 16;
                mins >>>= 16;
                int in = from + 16 + pair * 32;
                int out = to + pair * 64;
                for (int l = 0; l < 32; l++) {
                    int q = blocks[in + l];
                    dense[out + l] = d0 * (q & 0xF) - m0;
                    dense[out + 32 + l] = d1 * (q >> 4 & 0xF) - m1;
                }
            }
        }
    }

    static void q5k(byte[] blocks, float[] dense, int blockCount) {
        for (int block = 0; block < blockCount; block++) {
            int from = block * 176;
            int to = block * LENGTH;
            float d = half(blocks, from);
            float dmin = half(blocks, from + 2);
            int s0 = (int) ScalarKernel.U32.get(blocks, from + 4);
            int s1 = (int) ScalarKernel.U32.get(blocks, from + 8);
            int s2 = (int) ScalarKernel.U32.get(blocks, from + 12);
            long scales = PackedScales.scales(s0, s2);
            long mins = PackedScales.mins(s1, s2);
            int high = from + 16;
            for (int pair = 0; pair < 4; pair++) {
                float d0 = d * (scales & 0xFF);
                float m0 = dmin * (mins & 0xFF);
                float d1 = d * (scales >>> 8 & 0xFF);
                float m1 = dmin * (mins >>> 8 & 0xFF);
                scales >>>= 16;
                mins >>>= 16;
                int in = from + 48 + pair * 32;
                int out = to + pair * 64;
                int shift = 2 * pair;
                for (int l = 0; l < 32; l++) {
                    int q = blocks[in + l];
                    int h = blocks[high + l] >> shift;
                    dense[out + l] = d0 * (q & 0xF | (h & 1) << 4) - m0;
                    dense[out + 32 + l] = d1 * (q >> 4 & 0xF | (h & 2) << 3) - m1;
                }
            }
        }
    }

    static void q6k(byte[] blocks, float[] dense, int blockCount) {
        for (int block = 0; block < blockCount; block++) {
            int from = block * 210;
            float d = half(blocks, from + 208);
            for (int sixteenths = 0; sixteenths < 4; sixteenths++) {
                int side = sixteenths >> 1; // which half of 128
                int column = (sixteenths & 1) * 16; // which half of a row
                int low = from + side * 64 + column;
                int high = from + 128 + side * 32 + column;
                int scale = from + 192 + side * 8 + (sixteenths & 1);
                float d0 = d * blocks[scale];
                float d1 = d * blocks[scale + 2];
                float d2 = d * blocks[scale + 4];
                float d3 = d * blocks[scale + 6];
                int out = block * LENGTH + side * 128 + column;
                for (int l = 0; l < 16; l++) {
                    int q0 = blocks[low + l];
                    int q1 = blocks[low + 32 + l];
                    int h = blocks[high + l];
                    dense[out + l] = d0 * ((q0 & 0xF | (h & 3) << 4) - 32);
                    dense[out + 32 + l] = d1 * ((q1 & 0xF | (h >> 2 & 3) << 4) - 32);
                    dense[out + 64 + l] = d2 * ((q0 >> 4 & 0xF | (h >> 4 & 3) << 4) - 32);
                    dense[out + 96 + l] = d3 * ((q1 >> 4 & 0xF | (h >> 6 & 3) << 4) - 32);
                }
            }
        }
    }

    static void q8k(byte[] blocks, float[] dense, int blockCount) {
        for (int block = 0; block < blockCount; block++) {
            int from = block * 292;
            int to = block * LENGTH;
            float d = Float.intBitsToFloat((int) ScalarKernel.U32.get(blocks, from));
            for (int j = 0; j < LENGTH; j++) {
                dense[to + j] = d * blocks[from + 4 + j];
            }
        }
    }
}
