package dev.ffmstore.internal.scalar;

import static dev.ffmstore.internal.scalar.ScalarKernel.half;

/// The simple block types: 32 elements share a scale d and, in the `_1` types, a minimum m.
///
/// ```text
/// Q4_0  d f16 │ 16 B nibbles                     18 B   (q − 8) · d
/// Q4_1  d f16 │ m f16 │ 16 B nibbles             20 B   q · d + m
/// Q5_0  d f16 │ high bits u32 │ 16 B nibbles     22 B   (q − 16) · d
/// Q5_1  d f16 │ m f16 │ high bits u32 │ 16 B     24 B   q · d + m
/// Q8_0  d f16 │ 32 B int8                        34 B   q · d
/// ```
///
/// Byte j of the nibbles holds element j in its low half and element j + 16 in its high half. Bit i of the high
/// bits is the fifth bit of element i.
final class LegacyQuants {
    private static final int LENGTH = 32;
    private static final int HALF = LENGTH / 2;

    private LegacyQuants() {}

    static void q4_0(byte[] blocks, float[] dense, int blockCount) {
        for (int block = 0; block < blockCount; block++) {
            int from = block * 18;
            int to = block * LENGTH;
            float d = half(blocks, from);
            for (int j = 0; j < HALF; j++) {
                int q = blocks[from + 2 + j];
                dense[to + j] = ((q & 0xF) - 8) * d;
                dense[to + j + HALF] = ((q >> 4 & 0xF) - 8) * d;
            }
        }
    }

    static void q4_1(byte[] blocks, float[] dense, int blockCount) {
        for (int block = 0; block < blockCount; block++) {
            int from = block * 20;
            int to = block * LENGTH;
            float d = half(blocks, from);
            float m = half(blocks, from + 2);
            for (int j = 0; j < HALF; j++) {
                int q = blocks[from + 4 + j];
                dense[to + j] = (q & 0xF) * d + m;
                dense[to + j + HALF] = (q >> 4 & 0xF) * d + m;
            }
        }
    }

    static void q5_0(byte[] blocks, float[] dense, int blockCount) {
        for (int block = 0; block < blockCount; block++) {
            int from = block * 22;
            int to = block * LENGTH;
            float d = half(blocks, from);
            int high = (int) ScalarKernel.U32.get(blocks, from + 2);
            for (int j = 0; j < HALF; j++) {
                int q = blocks[from + 6 + j];
                dense[to + j] = ((q & 0xF | (high >>> j & 1) << 4) - 16) * d;
                dense[to + j + HALF] = ((q >> 4 & 0xF | (high >>> j + HALF & 1) << 4) - 16) * d;
            }
        }
    }

    static void q5_1(byte[] blocks, float[] dense, int blockCount) {
        for (int block = 0; block < blockCount; block++) {
            int from = block * 24;
            int to = block * LENGTH;
            float d = half(blocks, from);
            float m = half(blocks, from + 2);
            int high = (int) ScalarKernel.U32.get(blocks, from + 4);
            for (int j = 0; j < HALF; j++) {
                int q = blocks[from + 8 + j];
                dense[to + j] = (q & 0xF | (high >>> j & 1) << 4) * d + m;
                dense[to + j + HALF] = (q >> 4 & 0xF | (high >>> j + HALF & 1) << 4) * d + m;
            }
        }
    }

    static void q8_0(byte[] blocks, float[] dense, int blockCount) {
        for (int block = 0; block < blockCount; block++) {
            int from = block * 34;
            int to = block * LENGTH;
            float d = half(blocks, from);
            for (int j = 0; j < LENGTH; j++) {
                dense[to + j] = blocks[from + 2 + j] * d;
            }
        }
    }
}
