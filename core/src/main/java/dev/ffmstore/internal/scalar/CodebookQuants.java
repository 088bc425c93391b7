package dev.ffmstore.internal.scalar;

import static dev.ffmstore.internal.scalar.Codebooks.SIGNS;
import static dev.ffmstore.internal.scalar.Codebooks.evenSigns;
import static dev.ffmstore.internal.scalar.ScalarKernel.half;

/// The IQ1, IQ2 and IQ3 types: super-blocks of 256 elements whose groups of 8 or 4 are entries of a grid, with
/// signs and a scale a sub-block of 32 or 16.
///
/// ```text
/// IQ2_XXS  d f16 │ 8 × { 4 B grid indices │ 4 × 7 bits signs, 4 bits scale }                       66 B
/// IQ2_XS   d f16 │ 32 × u16 { 9 bits index, 7 bits signs } │ 8 B scales, 4 bits each               74 B
/// IQ2_S    d f16 │ 32 B low index bytes │ 32 B signs │ 8 B high index bits │ 8 B scales            82 B
/// IQ3_XXS  d f16 │ 64 B grid indices │ 8 × { 4 × 7 bits signs, 4 bits scale }                      98 B
/// IQ3_S    d f16 │ 64 B low index bytes │ 8 B high index bits │ 32 B signs │ 4 B scales           110 B
/// IQ1_S    d f16 │ 32 B low index bytes │ 8 × u16 { 4 × 3 high index bits, 3 scale, 1 sign }       50 B
/// IQ1_M    32 B low index bytes │ 16 B { 3 high index bits, 1 sign } × 2 │ 4 × u16 scales          56 B
/// ```
///
/// With s the scale of a sub-block and g a grid element, a value is ±d·(s + ½)/4·g in IQ2, ±d·(s + ½)/2·g in
/// IQ3_XXS, ±d·(2s + 1)·g in IQ3_S and d·(2s + 1)·(g ± ⅛) in IQ1, whose grid has signs of its own. IQ1_M has no d:
/// its sixteen bits are the top nibbles of the four words of scales, whose other twelve bits are a 3-bit scale for
/// each 16 elements. Where signs take seven bits, the eighth makes their number even.
final class CodebookQuants {
    private static final int LENGTH = 256;
    private static final float IQ1_DELTA = 0.125f;

    private CodebookQuants() {}

    private static int word(byte[] blocks, int offset) {
        return (int) ScalarKernel.U32.get(blocks, offset);
    }

    private static int half16(byte[] blocks, int offset) {
        return Short.toUnsignedInt((short) ScalarKernel.U16.get(blocks, offset));
    }

    /// Eight elements of a grid with signs.
    private static void eight(byte[] grid, int entry, int signs, float scale, float[] dense, int out) {
        for (int j = 0; j < 8; j++) {
            dense[out + j] = scale * (grid[entry * 8 + j] * SIGNS[signs * 8 + j]);
        }
    }

    /// Two entries of four elements of a grid with signs.
    private static void fourAndFour(
            byte[] grid, int entry0, int entry1, int signs, float scale, float[] dense, int out) {
        for (int j = 0; j < 4; j++) {
            dense[out + j] = scale * (grid[entry0 * 4 + j] * SIGNS[signs * 8 + j]);
            dense[out + 4 + j] = scale * (grid[entry1 * 4 + j] * SIGNS[signs * 8 + 4 + j]);
        }
    }

    static void iq2xxs(byte[] blocks, float[] dense, int blockCount) {
        for (int block = 0; block < blockCount; block++) {
            int from = block * 66;
            float d = half(blocks, from);
            for (int sub = 0; sub < 8; sub++) {
                int in = from + 2 + sub * 8;
                int signs = word(blocks, in + 4);
                float scale = d * (0.5f + (signs >>> 28)) * 0.25f;
                for (int l = 0; l < 4; l++) {
                    int entry = blocks[in + l] & 0xFF;
                    int out = block * LENGTH + sub * 32 + l * 8;
                    eight(Codebooks.IQ2_XXS, entry, evenSigns(signs >>> 7 * l & 127), scale, dense, out);
                }
            }
        }
    }

    static void iq2xs(byte[] blocks, float[] dense, int blockCount) {
        for (int block = 0; block < blockCount; block++) {
            int from = block * 74;
            float d = half(blocks, from);
            for (int group = 0; group < 32; group++) {
                int index = half16(blocks, from + 2 + group * 2);
                int scales = blocks[from + 66 + (group >> 2)];
                float scale = d * (0.5f + (scales >> (group & 2) * 2 & 0xF)) * 0.25f;
                int out = block * LENGTH + group * 8;
                eight(Codebooks.IQ2_XS, index & 511, evenSigns(index >> 9), scale, dense, out);
            }
        }
    }

    static void iq2s(byte[] blocks, float[] dense, int blockCount) {
        for (int block = 0; block < blockCount; block++) {
            int from = block * 82;
            float d = half(blocks, from);
            for (int group = 0; group < 32; group++) {
                int high = blocks[from + 66 + (group >> 2)] >> (group & 3) * 2 & 3;
                int entry = blocks[from + 2 + group] & 0xFF | high << 8;
                int signs = blocks[from + 34 + group] & 0xFF;
                int scales = blocks[from + 74 + (group >> 2)];
                float scale = d * (0.5f + (scales >> (group & 2) * 2 & 0xF)) * 0.25f;
                eight(Codebooks.IQ2_S, entry, signs, scale, dense, block * LENGTH + group * 8);
            }
        }
    }

    static void iq3xxs(byte[] blocks, float[] dense, int blockCount) {
        for (int block = 0; block < blockCount; block++) {
            int from = block * 98;
            float d = half(blocks, from);
            for (int sub = 0; sub < 8; sub++) {
                int signs = word(blocks, from + 66 + sub * 4);
                float scale = d * (0.5f + (signs >>> 28)) * 0.5f;
                for (int l = 0; l < 4; l++) {
                    int in = from + 2 + sub * 8 + l * 2;
                    fourAndFour(
                            Codebooks.IQ3_XXS,
                            blocks[in] & 0xFF,
                            blocks[in + 1] & 0xFF,
                            evenSigns(signs >>> 7 * l & 127),
                            scale,
                            dense,
                            block * LENGTH + sub * 32 + l * 8);
                }
            }
        }
    }

    static void iq3s(byte[] blocks, float[] dense, int blockCount) {
        for (int block = 0; block < blockCount; block++) {
            int from = block * 110;
            float d = half(blocks, from);
            for (int group = 0; group < 32; group++) {
                int high = blocks[from + 66 + (group >> 2)] >> (group & 3) * 2;
                int in = from + 2 + group * 2;
                int scales = blocks[from + 106 + (group >> 3)];
                float scale = d * (1 + 2 * (scales >> (group & 4) & 0xF));
                fourAndFour(
                        Codebooks.IQ3_S,
                        blocks[in] & 0xFF | (high & 1) << 8,
                        blocks[in + 1] & 0xFF | (high & 2) << 7,
                        blocks[from + 74 + group] & 0xFF,
                        scale,
                        dense,
                        block * LENGTH + group * 8);
            }
        }
    }

    /// Eight elements of the ternary grid, moved by a delta.
    private static void eightMoved(int entry, float delta, float scale, float[] dense, int out) {
        for (int j = 0; j < 8; j++) {
            dense[out + j] = scale * (Codebooks.IQ1[entry * 8 + j] + delta);
        }
    }

    static void iq1s(byte[] blocks, float[] dense, int blockCount) {
        for (int block = 0; block < blockCount; block++) {
            int from = block * 50;
            float d = half(blocks, from);
            for (int sub = 0; sub < 8; sub++) {
                int high = half16(blocks, from + 34 + sub * 2);
                float scale = d * (2 * (high >> 12 & 7) + 1);
                float delta = (high & 0x8000) == 0 ? IQ1_DELTA : -IQ1_DELTA;
                for (int l = 0; l < 4; l++) {
                    int entry = blocks[from + 2 + sub * 4 + l] & 0xFF | (high >> 3 * l & 7) << 8;
                    eightMoved(entry, delta, scale, dense, block * LENGTH + sub * 32 + l * 8);
                }
            }
        }
    }

    static void iq1m(byte[] blocks, float[] dense, int blockCount) {
        for (int block = 0; block < blockCount; block++) {
            int from = block * 56;
            long scales = (long) ScalarKernel.U64.get(blocks, from + 48);
            float d = Float.float16ToFloat(PackedScales.iq1m(scales));
            for (int group = 0; group < 32; group++) {
                int high = blocks[from + 32 + (group >> 1)] >> (group & 1) * 4;
                int entry = blocks[from + group] & 0xFF | (high & 7) << 8;
                // sixteen scales of three bits, four to each word of sixteen
                int pair = group >> 1;
                int s = (int) (scales >>> (pair >> 2) * 16 + (pair & 3) * 3) & 7;
                float delta = (high & 8) == 0 ? IQ1_DELTA : -IQ1_DELTA;
                eightMoved(entry, delta, d * (2 * s + 1), dense, block * LENGTH + group * 8);
            }
        }
    }
}
