package dev.ffmstore.internal.scalar;

import static dev.ffmstore.internal.scalar.ScalarKernel.eight;
import static dev.ffmstore.internal.scalar.ScalarKernel.half;
import static dev.ffmstore.internal.scalar.ScalarKernel.two;

/// The types whose 4-bit codes stand for unevenly spaced numbers: a table of 16 integers, times a scale.
///
/// ```text
/// IQ4_NL  d f16 │ 16 B nibbles                                          18 B    32 elements
/// IQ4_XS  d f16 │ high scale bits u16 │ 4 B low ones │ 128 B nibbles   136 B   256 elements, (s − 32)·d per 32
/// MXFP4   e u8 │ 16 B nibbles                                           17 B    32 elements, d = 2^(e − 128)
/// NVFP4   4 × u8 scales │ 4 × 8 B nibbles                               36 B    64 elements, a scale per 16
/// ```
///
/// In each run of n nibble bytes, byte j holds element j in its low half and element j + n in its high half.
/// The table of the floating types is that of E2M1, doubled: 0, 1, 2, 3, 4, 6, 8, 12 and the negatives; their
/// scales are halved.
final class TableQuants {
    private TableQuants() {}

    static void iq4_nl(byte[] blocks, Unpacked unpacked, float[] dense, int blockCount) {
        for (int block = 0; block < blockCount; block++) {
            iq4_nlBlock(blocks, block * 18, unpacked, block);
        }
        unpacked.multiply(dense, blockCount * 32);
    }

    private static void iq4_nlBlock(byte[] blocks, int from, Unpacked unpacked, int block) {
        unpacked.factor(block * 32, 32, two(blocks, from));
        elements(NibbleTables.IQ4_PAIRS, blocks, from + 2, 16, unpacked, block * 32);
    }

    static void iq4_xs(byte[] blocks, Unpacked unpacked, float[] dense, int blockCount) {
        for (int block = 0; block < blockCount; block++) {
            iq4_xsBlock(blocks, block * 136, unpacked, block);
        }
        unpacked.scale(dense, blockCount * 256);
    }

    private static void iq4_xsBlock(byte[] blocks, int from, Unpacked unpacked, int block) {
        unpacked.blockScale(block, half(blocks, from));
        int high = two(blocks, from + 2);
        for (int sub = 0; sub < 8; sub++) {
            int low = blocks[from + 4 + (sub >> 1)] >> (sub & 1) * 4 & 0xF;
            int to = block * 256 + sub * 32;
            unpacked.scale(to, 32, (low | (high >> 2 * sub & 3) << 4) - 32);
            elements(NibbleTables.IQ4_PAIRS, blocks, from + 8 + sub * 16, 16, unpacked, to);
        }
    }

    static void mxfp4(byte[] blocks, Unpacked unpacked, float[] dense, int blockCount) {
        for (int block = 0; block < blockCount; block++) {
            mxfp4Block(blocks, block * 17, unpacked, block);
        }
        unpacked.multiplyBlocks(dense, blockCount * 32);
    }

    private static void mxfp4Block(byte[] blocks, int from, Unpacked unpacked, int block) {
        unpacked.blockScale(block, NibbleTables.halvedE8m0(blocks[from]));
        elements(NibbleTables.E2M1_PAIRS, blocks, from + 1, 16, unpacked, block * 32);
    }

    static void nvfp4(byte[] blocks, Unpacked unpacked, float[] dense, int blockCount) {
        for (int block = 0; block < blockCount; block++) {
            nvfp4Block(blocks, block * 36, unpacked, block);
        }
        unpacked.multiply(dense, blockCount * 64);
    }

    private static void nvfp4Block(byte[] blocks, int from, Unpacked unpacked, int block) {
        for (int sub = 0; sub < 4; sub++) {
            int to = block * 64 + sub * 16;
            // four significant bits, 2^-10 to 240: half precision holds them
            unpacked.factor(to, 16, Float.floatToFloat16(NibbleTables.halvedE4m3(blocks[from + sub])));
            elements(NibbleTables.E2M1_PAIRS, blocks, from + 4 + sub * 8, 8, unpacked, to);
        }
    }

    private static void elements(short[] pairs, byte[] blocks, int from, int bytes, Unpacked unpacked, int to) {
        for (int j = 0; j < bytes; j += 8) {
            long nibbles = eight(blocks, from + j);
            unpacked.quants(to + j, NibbleTables.elements(pairs, ByteLanes.low(nibbles)));
            unpacked.quants(to + j + bytes, NibbleTables.elements(pairs, ByteLanes.high(nibbles)));
        }
    }
}
