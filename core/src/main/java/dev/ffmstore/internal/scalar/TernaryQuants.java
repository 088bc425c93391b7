package dev.ffmstore.internal.scalar;

import static dev.ffmstore.internal.scalar.ScalarKernel.eight;
import static dev.ffmstore.internal.scalar.ScalarKernel.four;
import static dev.ffmstore.internal.scalar.ScalarKernel.two;

/// The types of one to two bits per element: one scale d, small integers, no minimum.
///
/// ```text
/// TQ1_0  48 B of five trits each │ 4 B of four trits each │ d f16    54 B   256 elements   (t − 1) · d
/// TQ2_0  64 B of four 2-bit q each │ d f16                           66 B   256 elements   (q − 1) · d
/// Q1_0   d f16 │ 16 B of bits                                        18 B   128 elements   bit ? d : −d
/// Q2_0   d f16 │ 16 B of 2-bit q                                     18 B    64 elements   (q − 1) · d
/// ```
///
/// Q1_0 and Q2_0 fill each byte from the lowest bit up. In TQ2_0, byte m of each run of 32 holds element m of four
/// rows of 32. In TQ1_0 the bytes come in runs of 32, 16 and 4, and byte m holds element m of five (the last run:
/// four) rows of its length. Its trits are the digits of a fraction: after multiplication by 3ⁿ modulo 256, the
/// first digit, t = 3·byte / 256, is that of row n.
final class TernaryQuants {
    private static final int LENGTH = 256;

    /// The low byte of each 16 bits.
    private static final long EVEN = 0x00FF00FF00FF00FFL;

    /// The sign bits of four numbers in half precision.
    private static final long SIGNS = 0x8000800080008000L;

    private TernaryQuants() {}

    static void tq1_0(byte[] blocks, Unpacked unpacked, float[] dense, int blockCount) {
        for (int block = 0; block < blockCount; block++) {
            tq1_0Block(blocks, block * 54, unpacked, block);
        }
        unpacked.multiply(dense, blockCount * LENGTH);
    }

    private static void tq1_0Block(byte[] blocks, int from, Unpacked unpacked, int block) {
        int to = block * LENGTH;
        unpacked.factor(to, LENGTH, two(blocks, from + 52));
        for (int m = 0; m < 32; m += 8) {
            long q = eight(blocks, from + m);
            for (int row = 0, power = 1; row < 5; row++, power *= 3) {
                unpacked.quants(to + row * 32 + m, trits(q, power));
            }
        }
        for (int m = 0; m < 16; m += 8) {
            long q = eight(blocks, from + 32 + m);
            for (int row = 0, power = 1; row < 5; row++, power *= 3) {
                unpacked.quants(to + 160 + row * 16 + m, trits(q, power));
            }
        }
        long q = four(blocks, from + 48) & 0xFFFFFFFFL;
        unpacked.quants(to + 240, trits(q, 1) & 0xFFFFFFFFL | trits(q, 3) << 32);
        unpacked.quants(to + 248, trits(q, 9) & 0xFFFFFFFFL | trits(q, 27) << 32);
    }

    /// Returns one trit of each byte, minus 1.
    private static long trits(long bytes, int power) {
        long even = trits16(bytes & EVEN, power);
        long odd = trits16(bytes >>> 8 & EVEN, power);
        return ByteLanes.minus(even | odd << 8, 1);
    }

    /// Returns one trit of each byte, which has sixteen bits of room: a product is at most 255 · 81.
    private static long trits16(long bytes, int power) {
        return (bytes * power & EVEN) * 3 >>> 8 & EVEN;
    }

    static void tq2_0(byte[] blocks, Unpacked unpacked, float[] dense, int blockCount) {
        for (int block = 0; block < blockCount; block++) {
            tq2_0Block(blocks, block * 66, unpacked, block);
        }
        unpacked.multiply(dense, blockCount * LENGTH);
    }

    private static void tq2_0Block(byte[] blocks, int from, Unpacked unpacked, int block) {
        int to = block * LENGTH;
        unpacked.factor(to, LENGTH, two(blocks, from + 64));
        for (int side = 0; side < 2; side++) {
            for (int m = 0; m < 32; m += 8) {
                long q = eight(blocks, from + side * 32 + m);
                for (int row = 0; row < 4; row++) {
                    long two = ByteLanes.pairs(q, 2 * row);
                    unpacked.quants(to + side * 128 + row * 32 + m, ByteLanes.minus(two, 1));
                }
            }
        }
    }

    static void q1_0(byte[] blocks, Unpacked unpacked, float[] dense, int blockCount) {
        for (int block = 0; block < blockCount; block++) {
            q1_0Block(blocks, block * 18, unpacked, block);
        }
        unpacked.factors(dense, blockCount * 128);
    }

    private static void q1_0Block(byte[] blocks, int from, Unpacked unpacked, int block) {
        long negative = Unpacked.fourHalves(two(blocks, from)) ^ SIGNS;
        for (int i = 0; i < 128; i += 8) {
            int bits = blocks[from + 2 + (i >> 3)];
            unpacked.factors(block * 128 + i, negative ^ signs(bits & 0xF));
            unpacked.factors(block * 128 + i + 4, negative ^ signs(bits >> 4 & 0xF));
        }
    }

    /// Returns four bits, each at the top of sixteen.
    private static long signs(long fourBits) {
        return fourBits * (1L << 15 | 1L << 30 | 1L << 45 | 1L << 60) & SIGNS;
    }

    static void q2_0(byte[] blocks, Unpacked unpacked, float[] dense, int blockCount) {
        for (int block = 0; block < blockCount; block++) {
            q2_0Block(blocks, block * 18, unpacked, block);
        }
        unpacked.multiply(dense, blockCount * 64);
    }

    private static void q2_0Block(byte[] blocks, int from, Unpacked unpacked, int block) {
        unpacked.factor(block * 64, 64, two(blocks, from));
        for (int i = 0; i < 64; i += 8) {
            long q = ByteLanes.spreadPairs(two(blocks, from + 2 + (i >> 2)));
            unpacked.quants(block * 64 + i, ByteLanes.minus(q, 1));
        }
    }
}
