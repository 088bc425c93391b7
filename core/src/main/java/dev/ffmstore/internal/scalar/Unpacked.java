package dev.ffmstore.internal.scalar;

import static dev.ffmstore.internal.scalar.ScalarKernel.U64;
import static dev.ffmstore.internal.scalar.ScalarKernel.half;

/// The integers of some blocks, one per element, on their way to becoming floats.
///
/// A kernel first takes all of its blocks apart, eight elements at a time ([ByteLanes]), then calls one of the
/// methods that compute. These are long loops over plain arrays, which C2 vectorises, unlike the short loops of one
/// block. Whatever a method does not read need not be set. An instance belongs to one decoder, and so to one
/// thread.
final class Unpacked {
    /// The length of super-blocks, which have a scale in addition to those of their sub-blocks.
    private static final int SUPER = 256;

    /// The length of the blocks whose scale needs more than half precision.
    private static final int SMALL = 32;

    private final byte[] quants;
    private final byte[] scales;
    private final byte[] mins;
    private final byte[] factors;
    private final byte[] offsets;
    private final float[] blockScales;
    private final float[] blockMins;

    /// @param elements how many elements there is room for
    Unpacked(int elements) {
        quants = new byte[elements];
        scales = new byte[elements];
        mins = new byte[elements];
        factors = new byte[elements * Short.BYTES];
        offsets = new byte[elements * Short.BYTES];
        blockScales = new float[elements / SMALL];
        blockMins = new float[elements / SUPER];
    }

    /// Sets eight integers, −128 to 127.
    ///
    /// @param at the first element
    void quants(int at, long eight) {
        U64.set(quants, at, eight);
    }

    /// Sets the integer scale of a sub-block, −128 to 127.
    ///
    /// @param at the first element
    /// @param length the length of the sub-block, a multiple of 8
    void scale(int at, int length, int scale) {
        fill(scales, at, length, ByteLanes.repeat(scale));
    }

    /// Sets the integer minimum of a sub-block, −128 to 127.
    ///
    /// @param at the first element
    /// @param length the length of the sub-block, a multiple of 8
    void min(int at, int length, int min) {
        fill(mins, at, length, ByteLanes.repeat(min));
    }

    /// Sets the scale of a block.
    ///
    /// @param block the index of the block
    void blockScale(int block, float scale) {
        blockScales[block] = scale;
    }

    /// Sets the scale of a super-block's minimums.
    ///
    /// @param block the index of the block
    void blockMin(int block, float scale) {
        blockMins[block] = scale;
    }

    /// Sets the factor of a block.
    ///
    /// @param at the first element
    /// @param length the length of the block, a multiple of 4
    /// @param half the bits of the number, in half precision
    void factor(int at, int length, int half) {
        fill(factors, at * Short.BYTES, length * Short.BYTES, fourHalves(half));
    }

    /// Sets the factors of four elements.
    ///
    /// @param at the first element
    /// @param halves the bits of the factors, in half precision
    void factors(int at, long halves) {
        U64.set(factors, at * Short.BYTES, halves);
    }

    /// Sets the offset of a block.
    ///
    /// @param at the first element
    /// @param length the length of the block, a multiple of 4
    /// @param half the bits of the number, in half precision
    void offset(int at, int length, int half) {
        fill(offsets, at * Short.BYTES, length * Short.BYTES, fourHalves(half));
    }

    /// {@return a long that holds the bits of a number in half precision four times}
    static long fourHalves(int half) {
        return (half & 0xFFFF) * 0x0001000100010001L;
    }

    private static void fill(byte[] bytes, int at, int length, long eight) {
        for (int i = 0; i < length; i += Long.BYTES) {
            U64.set(bytes, at + i, eight);
        }
    }

    /// Stores the factors as the elements.
    void factors(float[] dense, int elements) {
        for (int i = 0; i < elements; i++) {
            dense[i] = half(factors, i * Short.BYTES);
        }
    }

    /// Computes factor · quant for each element.
    void multiply(float[] dense, int elements) {
        for (int i = 0; i < elements; i++) {
            dense[i] = half(factors, i * Short.BYTES) * quants[i];
        }
    }

    /// Computes factor · quant + offset for each element.
    void multiplyAndAdd(float[] dense, int elements) {
        for (int i = 0; i < elements; i++) {
            dense[i] = half(factors, i * Short.BYTES) * quants[i] + half(offsets, i * Short.BYTES);
        }
    }

    /// Computes block scale · quant in blocks of 32.
    void multiplyBlocks(float[] dense, int elements) {
        for (int from = 0; from < elements; from += SMALL) {
            float d = blockScales[from / SMALL];
            for (int i = from; i < from + SMALL; i++) {
                dense[i] = d * quants[i];
            }
        }
    }

    /// Computes block scale · scale · quant in super-blocks of 256.
    void scale(float[] dense, int elements) {
        for (int from = 0; from < elements; from += SUPER) {
            float d = blockScales[from / SUPER];
            for (int i = from; i < from + SUPER; i++) {
                dense[i] = d * scales[i] * quants[i];
            }
        }
    }

    /// Computes block scale · scale · quant − block min · min in super-blocks of 256.
    void scaleAndSubtract(float[] dense, int elements) {
        for (int from = 0; from < elements; from += SUPER) {
            float d = blockScales[from / SUPER];
            float dmin = blockMins[from / SUPER];
            for (int i = from; i < from + SUPER; i++) {
                dense[i] = d * scales[i] * quants[i] - dmin * mins[i];
            }
        }
    }
}
