package dev.ffmstore;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/// Turns decoded floats into a tensor's elements: subtracts what the model has added, and rounds. Not shared
/// between threads.
///
/// ```text
/// F32   s eeeeeeee mmmmmmmmmmmmmmmmmmmmmmm
/// BF16  s eeeeeeee mmmmmmm                     the upper half of an F32
/// F16   s eeeee mmmmmmmmmm
/// ```
///
/// It works on arrays of a few KiB: the compiler knows that arrays of different types do not overlap, and uses
/// vectors, which it does not for two segments.
final class ElementWriter {
    private static final int PIECE = 4096;

    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private static final int INFINITY = 0x7F80_0000; // exponent all ones, mantissa zero; above it are NaNs
    private static final int QUIET = 0x0040_0000; // upper bit of the mantissa: what makes a NaN quiet

    private final float[] floats = new float[PIECE];
    private final short[] halves = new short[PIECE];

    /// Converts floats of a tile and writes them as elements.
    ///
    /// @param tile decoded floats
    /// @param first the first float to take, counted from the start of the tile
    /// @param count the number of floats
    /// @param slot says what becomes of them
    /// @param target where the elements go
    /// @param to the offset of the first element in the target, in bytes
    void write(MemorySegment tile, int first, int count, TensorSlot slot, MemorySegment target, long to) {
        for (int done = 0; done < count; ) {
            int piece = Math.min(PIECE, count - done);
            MemorySegment.copy(tile, F32, (long) (first + done) * Float.BYTES, floats, 0, piece);
            if (slot.storedOffset() != 0) {
                subtract(slot.storedOffset(), piece);
            }
            long place = to + (long) done * slot.dtype().byteSize();
            if (slot.dtype() == DType.F32) {
                MemorySegment.copy(floats, 0, target, F32, place, piece);
            } else {
                round(slot.dtype(), piece);
                MemorySegment.copy(halves, 0, target, U16, place, piece);
            }
            done += piece;
        }
    }

    private void subtract(float offset, int count) {
        for (int i = 0; i < count; i++) {
            floats[i] -= offset;
        }
    }

    private void round(DType dtype, int count) {
        switch (dtype) {
            case F16 -> {
                for (int i = 0; i < count; i++) {
                    halves[i] = Float.floatToFloat16(floats[i]);
                }
            }
            case BF16 -> {
                for (int i = 0; i < count; i++) {
                    halves[i] = bfloat16(floats[i]);
                }
            }
            default -> throw new IllegalArgumentException("floats do not become " + dtype);
        }
    }

    /// {@return the bfloat16 nearest to a float, ties to even; NaN stays NaN, a float that is too large becomes
    /// infinite}
    ///
    /// Adding just under half a unit of the upper half, and one more if the upper half is odd, carries into it when
    /// it has to be rounded up; the carry may run into the exponent, which is right, up to infinity. The carry
    /// could turn a NaN into something else, and so could the loss of its mantissa: a NaN is truncated instead, and
    /// made quiet.
    static short bfloat16(float value) {
        int bits = Float.floatToRawIntBits(value);
        int rounded = bits + 0x7FFF + ((bits >>> 16) & 1);
        int nan = (INFINITY - (bits & Integer.MAX_VALUE)) >> 31; // all ones for a NaN, else zero
        return (short) ((rounded & ~nan | (bits | QUIET) & nan) >>> 16);
    }
}
