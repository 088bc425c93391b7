package dev.ffmstore.internal.scalar;

import static dev.ffmstore.internal.scalar.ScalarKernel.eight;
import static dev.ffmstore.internal.scalar.ScalarKernel.four;
import static dev.ffmstore.internal.scalar.ScalarKernel.two;

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

    static void q4_0(byte[] blocks, Unpacked unpacked, float[] dense, int blockCount) {
        for (int block = 0; block < blockCount; block++) {
            q4_0Block(blocks, block * 18, unpacked, block);
        }
        unpacked.multiply(dense, blockCount * LENGTH);
    }

    private static void q4_0Block(byte[] blocks, int from, Unpacked unpacked, int block) {
        int to = block * LENGTH;
        unpacked.factor(to, LENGTH, two(blocks, from));
        for (int j = 0; j < HALF; j += 8) {
            long nibbles = eight(blocks, from + 2 + j);
            unpacked.quants(to + j, ByteLanes.minus(ByteLanes.low(nibbles), 8));
            unpacked.quants(to + j + HALF, ByteLanes.minus(ByteLanes.high(nibbles), 8));
        }
    }

    static void q4_1(byte[] blocks, Unpacked unpacked, float[] dense, int blockCount) {
        for (int block = 0; block < blockCount; block++) {
            q4_1Block(blocks, block * 20, unpacked, block);
        }
        unpacked.multiplyAndAdd(dense, blockCount * LENGTH);
    }

    private static void q4_1Block(byte[] blocks, int from, Unpacked unpacked, int block) {
        int to = block * LENGTH;
        unpacked.factor(to, LENGTH, two(blocks, from));
        unpacked.offset(to, LENGTH, two(blocks, from + 2));
        for (int j = 0; j < HALF; j += 8) {
            long nibbles = eight(blocks, from + 4 + j);
            unpacked.quants(to + j, ByteLanes.low(nibbles));
            unpacked.quants(to + j + HALF, ByteLanes.high(nibbles));
        }
    }

    static void q5_0(byte[] blocks, Unpacked unpacked, float[] dense, int blockCount) {
        for (int block = 0; block < blockCount; block++) {
            q5_0Block(blocks, block * 22, unpacked, block);
        }
        unpacked.multiply(dense, blockCount * LENGTH);
    }

    private static void q5_0Block(byte[] blocks, int from, Unpacked unpacked, int block) {
        int to = block * LENGTH;
        unpacked.factor(to, LENGTH, two(blocks, from));
        int high = four(blocks, from + 2);
        for (int j = 0; j < HALF; j += 8) {
            long nibbles = eight(blocks, from + 6 + j);
            unpacked.quants(to + j, ByteLanes.minus(fiveBits(ByteLanes.low(nibbles), high >>> j), 16));
            unpacked.quants(to + j + HALF, ByteLanes.minus(fiveBits(ByteLanes.high(nibbles), high >>> j + HALF), 16));
        }
    }

    static void q5_1(byte[] blocks, Unpacked unpacked, float[] dense, int blockCount) {
        for (int block = 0; block < blockCount; block++) {
            q5_1Block(blocks, block * 24, unpacked, block);
        }
        unpacked.multiplyAndAdd(dense, blockCount * LENGTH);
    }

    private static void q5_1Block(byte[] blocks, int from, Unpacked unpacked, int block) {
        int to = block * LENGTH;
        unpacked.factor(to, LENGTH, two(blocks, from));
        unpacked.offset(to, LENGTH, two(blocks, from + 2));
        int high = four(blocks, from + 4);
        for (int j = 0; j < HALF; j += 8) {
            long nibbles = eight(blocks, from + 8 + j);
            unpacked.quants(to + j, fiveBits(ByteLanes.low(nibbles), high >>> j));
            unpacked.quants(to + j + HALF, fiveBits(ByteLanes.high(nibbles), high >>> j + HALF));
        }
    }

    private static long fiveBits(long nibbles, int high) {
        return nibbles | ByteLanes.spread(high) << 4;
    }

    static void q8_0(byte[] blocks, Unpacked unpacked, float[] dense, int blockCount) {
        for (int block = 0; block < blockCount; block++) {
            q8_0Block(blocks, block * 34, unpacked, block);
        }
        unpacked.multiply(dense, blockCount * LENGTH);
    }

    private static void q8_0Block(byte[] blocks, int from, Unpacked unpacked, int block) {
        int to = block * LENGTH;
        unpacked.factor(to, LENGTH, two(blocks, from));
        for (int j = 0; j < LENGTH; j += 8) {
            unpacked.quants(to + j, eight(blocks, from + 2 + j));
        }
    }
}
