package dev.ffmstore.internal.scalar;

import static dev.ffmstore.internal.scalar.ScalarKernel.half;

/// The types whose 4-bit codes stand for uneven steps: a table of 16 integers, times a scale.
///
/// ```text
/// IQ4_NL  d f16 │ 16 B nibbles                                                 18 B    32 elements
/// IQ4_XS  d f16 │ high scale bits u16 │ 4 B low scale nibbles │ 128 B nibbles  136 B   256 elements, (s − 32)·d
/// for each 32
/// MXFP4   e u8 │ 16 B nibbles                                                  17 B    32 elements, d = 2^(e −
/// 128)
/// NVFP4   4 × u8 scales │ 4 × 8 B nibbles                                      36 B    64 elements, a scale for
/// each 16
/// ```
///
/// In each run of n nibble bytes, byte j holds element j in its low half and element j + n in its high half. The
/// table of the floating types is that of E2M1, doubled: 0, 1, 2, 3, 4, 6, 8, 12 and the negatives; their scales
/// are halved.
final class TableQuants {
    private TableQuants() {}

    static void iq4nl(byte[] blocks, float[] dense, int blockCount) {
        for (int block = 0; block < blockCount; block++) {
            int from = block * 18;
            nibbles(NibbleTables.IQ4, blocks, from + 2, 16, half(blocks, from), dense, block * 32);
        }
    }

    static void iq4xs(byte[] blocks, float[] dense, int blockCount) {
        for (int block = 0; block < blockCount; block++) {
            int from = block * 136;
            float d = half(blocks, from);
            int high = (short) ScalarKernel.U16.get(blocks, from + 2);
            for (int sub = 0; sub < 8; sub++) {
                int low = blocks[from + 4 + (sub >> 1)] >> (sub & 1) * 4 & 0xF;
                int s = low | (high >> 2 * sub & 3) << 4;
                nibbles(NibbleTables.IQ4, blocks, from + 8 + sub * 16, 16, d * (s - 32), dense, block * 256 + sub * 32);
            }
        }
    }

    static void mxfp4(byte[] blocks, float[] dense, int blockCount) {
        for (int block = 0; block < blockCount; block++) {
            int from = block * 17;
            float d = NibbleTables.halvedE8m0(blocks[from]);
            nibbles(NibbleTables.E2M1, blocks, from + 1, 16, d, dense, block * 32);
        }
    }

    static void nvfp4(byte[] blocks, float[] dense, int blockCount) {
        for (int block = 0; block < blockCount; block++) {
            int from = block * 36;
            for (int sub = 0; sub < 4; sub++) {
                float d = NibbleTables.halvedE4m3(blocks[from + sub]);
                nibbles(NibbleTables.E2M1, blocks, from + 4 + sub * 8, 8, d, dense, block * 64 + sub * 16);
            }
        }
    }

    private static void nibbles(byte[] table, byte[] blocks, int from, int bytes, float d, float[] dense, int to) {
        for (int j = 0; j < bytes; j++) {
            int q = blocks[from + j];
            dense[to + j] = table[q & 0xF] * d;
            dense[to + j + bytes] = table[q >> 4 & 0xF] * d;
        }
    }
}
