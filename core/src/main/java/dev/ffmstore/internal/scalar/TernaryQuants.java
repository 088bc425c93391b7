package dev.ffmstore.internal.scalar;

import static dev.ffmstore.internal.scalar.ScalarKernel.half;

/// The types of one to two bits an element: one scale d, small integers, no minimum.
///
/// ```text
/// TQ1_0  48 B of five trits each │ 4 B of four trits each │ d f16    54 B   256 elements   (t − 1) · d
/// TQ2_0  64 B of four 2-bit q each │ d f16                           66 B   256 elements   (q − 1) · d
/// Q1_0   d f16 │ 16 B of bits                                        18 B   128 elements   bit ? d : −d
/// Q2_0   d f16 │ 16 B of 2-bit q                                     18 B    64 elements   (q − 1) · d
/// ```
///
/// Q1_0 and Q2_0 go through their bytes from the lowest bit up. In TQ2_0, byte m of each run of 32 holds element m
/// of four rows of 32. In TQ1_0 the bytes come in runs of 32, 16 and 4, and byte m holds element m of five (the
/// last run: four) rows of its length. Its trits are the digits of a fraction: times 3ⁿ modulo 256, and the first
/// digit, t = 3·byte / 256, is that of row n.
final class TernaryQuants {
    private static final int LENGTH = 256;

    private TernaryQuants() {}

    static void tq1(byte[] blocks, float[] dense, int blockCount) {
        for (int block = 0; block < blockCount; block++) {
            int from = block * 54;
            int to = block * LENGTH;
            float d = half(blocks, from + 52);
            trits(blocks, from, 32, 5, d, dense, to);
            trits(blocks, from + 32, 16, 5, d, dense, to + 160);
            trits(blocks, from + 48, 4, 4, d, dense, to + 240);
        }
    }

    private static void trits(byte[] blocks, int from, int run, int rows, float d, float[] dense, int to) {
        int power = 1;
        for (int row = 0; row < rows; row++, power *= 3) {
            for (int m = 0; m < run; m++) {
                int fraction = blocks[from + m] * power & 0xFF;
                dense[to + row * run + m] = ((fraction * 3 >> 8) - 1) * d;
            }
        }
    }

    static void tq2(byte[] blocks, float[] dense, int blockCount) {
        for (int block = 0; block < blockCount; block++) {
            int from = block * 66;
            float d = half(blocks, from + 64);
            for (int row = 0; row < 8; row++) {
                int in = from + (row >> 2) * 32;
                int shift = (row & 3) * 2;
                int out = block * LENGTH + row * 32;
                for (int m = 0; m < 32; m++) {
                    dense[out + m] = ((blocks[in + m] >> shift & 3) - 1) * d;
                }
            }
        }
    }

    static void q1_0(byte[] blocks, float[] dense, int blockCount) {
        for (int block = 0; block < blockCount; block++) {
            int from = block * 18;
            float d = half(blocks, from);
            for (int i = 0; i < 128; i++) {
                int bit = blocks[from + 2 + (i >> 3)] >> (i & 7) & 1;
                dense[block * 128 + i] = bit == 0 ? -d : d;
            }
        }
    }

    static void q2_0(byte[] blocks, float[] dense, int blockCount) {
        for (int block = 0; block < blockCount; block++) {
            int from = block * 18;
            float d = half(blocks, from);
            for (int i = 0; i < 64; i++) {
                int q = blocks[from + 2 + (i >> 2)] >> (i & 3) * 2 & 3;
                dense[block * 64 + i] = (q - 1) * d;
            }
        }
    }
}
