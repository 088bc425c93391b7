package dev.ffmstore.internal.scalar;

import static dev.ffmstore.internal.scalar.Codebooks.evenSigns;
import static dev.ffmstore.internal.scalar.ScalarKernel.eight;
import static dev.ffmstore.internal.scalar.ScalarKernel.four;
import static dev.ffmstore.internal.scalar.ScalarKernel.half;
import static dev.ffmstore.internal.scalar.ScalarKernel.two;

/// The IQ1, IQ2 and IQ3 types: super-blocks of 256 elements whose groups of 8 or 4 are entries of a grid, with
/// signs, and with a scale per sub-block of 32 or 16.
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
/// If s is the scale of a sub-block and g a grid element, a value is ±d·(s + ½)/4·g in IQ2, ±d·(s + ½)/2·g in
/// IQ3_XXS, ±d·(2s + 1)·g in IQ3_S and d·(2s + 1)·(g ± ⅛) in IQ1, whose grid has signs of its own. IQ1_M has no d:
/// its sixteen bits are the top nibbles of the four words of scales, whose other twelve bits are a 3-bit scale for
/// each 16 elements. Where signs take seven bits, the eighth makes their number even.
///
/// Here every scale is the integer 2s + 1 and every IQ1 element the integer 8g ± 1, and d absorbs the quarters and
/// eighths. Those are powers of two, and d, in half precision, is far from the smallest floats: no result changes.
final class CodebookQuants {
    private static final int LENGTH = 256;

    private CodebookQuants() {}

    /// Returns eight elements of a grid with signs.
    private static long signed(byte[] grid, int entry, int signs) {
        return ByteLanes.negate(eight(grid, entry * 8), ByteLanes.spread(signs));
    }

    /// Returns two entries of four elements of a grid with signs.
    private static long signed(byte[] grid, int entry0, int entry1, int signs) {
        long elements = four(grid, entry0 * 4) & 0xFFFFFFFFL | (long) four(grid, entry1 * 4) << 32;
        return ByteLanes.negate(elements, ByteLanes.spread(signs));
    }

    static void iq2_xxs(byte[] blocks, Unpacked unpacked, float[] dense, int blockCount) {
        for (int block = 0; block < blockCount; block++) {
            iq2_xxsBlock(blocks, block * 66, unpacked, block);
        }
        unpacked.scale(dense, blockCount * LENGTH);
    }

    private static void iq2_xxsBlock(byte[] blocks, int from, Unpacked unpacked, int block) {
        unpacked.blockScale(block, half(blocks, from) * 0.125f);
        for (int sub = 0; sub < 8; sub++) {
            int in = from + 2 + sub * 8;
            int to = block * LENGTH + sub * 32;
            int signs = four(blocks, in + 4);
            unpacked.scale(to, 32, 2 * (signs >>> 28) + 1);
            for (int l = 0; l < 4; l++) {
                int entry = blocks[in + l] & 0xFF;
                unpacked.quants(to + l * 8, signed(Codebooks.IQ2_XXS, entry, evenSigns(signs >>> 7 * l & 127)));
            }
        }
    }

    static void iq2_xs(byte[] blocks, Unpacked unpacked, float[] dense, int blockCount) {
        for (int block = 0; block < blockCount; block++) {
            iq2_xsBlock(blocks, block * 74, unpacked, block);
        }
        unpacked.scale(dense, blockCount * LENGTH);
    }

    private static void iq2_xsBlock(byte[] blocks, int from, Unpacked unpacked, int block) {
        unpacked.blockScale(block, half(blocks, from) * 0.125f);
        for (int group = 0; group < 32; group++) {
            int to = block * LENGTH + group * 8;
            int index = two(blocks, from + 2 + group * 2) & 0xFFFF;
            unpacked.scale(to, 8, iq2Scale(blocks[from + 66 + (group >> 2)], group));
            unpacked.quants(to, signed(Codebooks.IQ2_XS, index & 511, evenSigns(index >> 9)));
        }
    }

    static void iq2_s(byte[] blocks, Unpacked unpacked, float[] dense, int blockCount) {
        for (int block = 0; block < blockCount; block++) {
            iq2_sBlock(blocks, block * 82, unpacked, block);
        }
        unpacked.scale(dense, blockCount * LENGTH);
    }

    private static void iq2_sBlock(byte[] blocks, int from, Unpacked unpacked, int block) {
        unpacked.blockScale(block, half(blocks, from) * 0.125f);
        for (int group = 0; group < 32; group++) {
            int to = block * LENGTH + group * 8;
            int high = blocks[from + 66 + (group >> 2)] >> (group & 3) * 2 & 3;
            int entry = blocks[from + 2 + group] & 0xFF | high << 8;
            unpacked.scale(to, 8, iq2Scale(blocks[from + 74 + (group >> 2)], group));
            unpacked.quants(to, signed(Codebooks.IQ2_S, entry, blocks[from + 34 + group]));
        }
    }

    /// Returns the scale of a group of 8 elements; a byte of scales serves four groups.
    private static int iq2Scale(int scales, int group) {
        return 2 * (scales >> (group & 2) * 2 & 0xF) + 1;
    }

    static void iq3_xxs(byte[] blocks, Unpacked unpacked, float[] dense, int blockCount) {
        for (int block = 0; block < blockCount; block++) {
            iq3_xxsBlock(blocks, block * 98, unpacked, block);
        }
        unpacked.scale(dense, blockCount * LENGTH);
    }

    private static void iq3_xxsBlock(byte[] blocks, int from, Unpacked unpacked, int block) {
        unpacked.blockScale(block, half(blocks, from) * 0.25f);
        for (int sub = 0; sub < 8; sub++) {
            int to = block * LENGTH + sub * 32;
            int signs = four(blocks, from + 66 + sub * 4);
            unpacked.scale(to, 32, 2 * (signs >>> 28) + 1);
            for (int l = 0; l < 4; l++) {
                int in = from + 2 + sub * 8 + l * 2;
                int eightSigns = evenSigns(signs >>> 7 * l & 127);
                unpacked.quants(
                        to + l * 8, signed(Codebooks.IQ3_XXS, blocks[in] & 0xFF, blocks[in + 1] & 0xFF, eightSigns));
            }
        }
    }

    static void iq3_s(byte[] blocks, Unpacked unpacked, float[] dense, int blockCount) {
        for (int block = 0; block < blockCount; block++) {
            iq3_sBlock(blocks, block * 110, unpacked, block);
        }
        unpacked.scale(dense, blockCount * LENGTH);
    }

    private static void iq3_sBlock(byte[] blocks, int from, Unpacked unpacked, int block) {
        unpacked.blockScale(block, half(blocks, from));
        for (int group = 0; group < 32; group++) {
            int to = block * LENGTH + group * 8;
            int high = blocks[from + 66 + (group >> 2)] >> (group & 3) * 2;
            int entry0 = blocks[from + 2 + group * 2] & 0xFF | (high & 1) << 8;
            int entry1 = blocks[from + 3 + group * 2] & 0xFF | (high & 2) << 7;
            int scales = blocks[from + 106 + (group >> 3)];
            unpacked.scale(to, 8, 2 * (scales >> (group & 4) & 0xF) + 1);
            unpacked.quants(to, signed(Codebooks.IQ3_S, entry0, entry1, blocks[from + 74 + group]));
        }
    }

    /// Returns eight elements of the ternary grid, each times eight, plus or minus one.
    private static long moved(int entry, boolean up) {
        long twoBits = ByteLanes.pairs(eight(Codebooks.IQ1, entry * 8), 0);
        long oneMore = ByteLanes.pairs(twoBits + ByteLanes.ONES, 0); // −1, 0, 1 become 0, 1, 2
        return ByteLanes.minus(oneMore << 3, up ? 7 : 9);
    }

    static void iq1_s(byte[] blocks, Unpacked unpacked, float[] dense, int blockCount) {
        for (int block = 0; block < blockCount; block++) {
            iq1_sBlock(blocks, block * 50, unpacked, block);
        }
        unpacked.scale(dense, blockCount * LENGTH);
    }

    private static void iq1_sBlock(byte[] blocks, int from, Unpacked unpacked, int block) {
        unpacked.blockScale(block, half(blocks, from) * 0.125f);
        for (int sub = 0; sub < 8; sub++) {
            int to = block * LENGTH + sub * 32;
            int high = two(blocks, from + 34 + sub * 2);
            unpacked.scale(to, 32, 2 * (high >> 12 & 7) + 1);
            for (int l = 0; l < 4; l++) {
                int entry = blocks[from + 2 + sub * 4 + l] & 0xFF | (high >> 3 * l & 7) << 8;
                unpacked.quants(to + l * 8, moved(entry, (high & 0x8000) == 0));
            }
        }
    }

    static void iq1_m(byte[] blocks, Unpacked unpacked, float[] dense, int blockCount) {
        for (int block = 0; block < blockCount; block++) {
            iq1_mBlock(blocks, block * 56, unpacked, block);
        }
        unpacked.scale(dense, blockCount * LENGTH);
    }

    private static void iq1_mBlock(byte[] blocks, int from, Unpacked unpacked, int block) {
        long scales = eight(blocks, from + 48);
        unpacked.blockScale(block, Float.float16ToFloat(PackedScales.iq1_m(scales)) * 0.125f);
        for (int group = 0; group < 32; group++) {
            int to = block * LENGTH + group * 8;
            int high = blocks[from + 32 + (group >> 1)] >> (group & 1) * 4;
            int entry = blocks[from + group] & 0xFF | (high & 7) << 8;
            // sixteen scales of three bits, four in each word of sixteen bits
            int pair = group >> 1;
            int s = (int) (scales >>> (pair >> 2) * 16 + (pair & 3) * 3) & 7;
            unpacked.scale(to, 8, 2 * s + 1);
            unpacked.quants(to, moved(entry, (high & 8) == 0));
        }
    }
}
