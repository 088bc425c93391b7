package dev.ffmstore.internal.measure;

import dev.ffmstore.DType;
import dev.ffmstore.TensorReader;
import dev.ffmstore.TensorSlot;
import dev.ffmstore.ggml.Float8;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/// One worker's view of one source: a tile of a tensor's elements at a time, widened a few thousand at a time. Not
/// shared between threads.
final class Elements {
    /// How many elements are widened at a time: 32 KiB of doubles.
    static final int RUN = 4 << 10;

    private static final int BUFFER_ALIGNMENT = 64;
    private static final ValueLayout.OfShort I16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt I32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong I64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfDouble F64 =
            ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final TensorReader reader;
    private final MemorySegment buffer;

    /// @param reader reads the tensors; the caller closes it
    /// @param arena allocates the buffer
    Elements(TensorReader reader, Arena arena) {
        this.reader = reader;
        this.buffer = arena.allocate((long) Chunks.TILE * Long.BYTES, BUFFER_ALIGNMENT);
    }

    /// Reads elements, which replace those read before.
    ///
    /// @param first the first element
    /// @param count the number of elements, at most [Chunks#TILE]
    void read(TensorSlot tensor, long first, int count) throws IOException {
        DType dtype = tensor.dtype();
        reader.read(tensor, dtype.byteSize(first), buffer.asSlice(0, dtype.byteSize(count)));
    }

    /// Widens elements that were read. All types but I64 and U64 keep their values.
    ///
    /// @param dtype the type of the elements
    /// @param from the first element to widen, counted from the first that was read
    /// @param to filled from its start
    /// @param count the number of elements, at most [#RUN]
    void widen(DType dtype, int from, double[] to, int count) {
        switch (dtype) {
            case F32 -> {
                for (int i = 0; i < count; i++) {
                    to[i] = buffer.get(F32, (long) (from + i) * Float.BYTES);
                }
            }
            case F16 -> {
                for (int i = 0; i < count; i++) {
                    to[i] = Float.float16ToFloat(buffer.get(I16, (long) (from + i) * Short.BYTES));
                }
            }
            case BF16 -> {
                for (int i = 0; i < count; i++) {
                    to[i] = Float.intBitsToFloat(buffer.get(I16, (long) (from + i) * Short.BYTES) << Short.SIZE);
                }
            }
            case F64 -> {
                for (int i = 0; i < count; i++) {
                    to[i] = buffer.get(F64, (long) (from + i) * Double.BYTES);
                }
            }
            case F8_E4M3, F8_E5M2, F8_E8M0 -> {
                Float8 float8 = dtype.float8().orElseThrow();
                for (int i = 0; i < count; i++) {
                    to[i] = float8.toFloat(buffer.get(ValueLayout.JAVA_BYTE, from + i));
                }
            }
            case U64 -> {
                for (int i = 0; i < count; i++) {
                    to[i] = unsigned(integer(dtype, from + i));
                }
            }
            case BOOL, I8, I16, I32, I64, U8, U16, U32 -> {
                for (int i = 0; i < count; i++) {
                    to[i] = integer(dtype, from + i);
                }
            }
            case C64, F4, F6_E2M3, F6_E3M2 -> throw new IllegalArgumentException(dtype + " has no values");
        }
    }

    /// {@return the value of an unsigned integer, rounded to a 64-bit float}
    static double unsigned(long bits) {
        return bits >= 0 ? bits : ((bits >>> 1) | (bits & 1)) * 2.0; // the lowest bit decides about ties
    }

    /// Widens integers that were read, or elements without values to their bits; U64 becomes the same 64 bits.
    ///
    /// @param dtype the type of the elements
    /// @param from the first element to widen, counted from the first that was read
    /// @param to filled from its start
    /// @param count the number of elements, at most [#RUN]
    void widen(DType dtype, int from, long[] to, int count) {
        for (int i = 0; i < count; i++) {
            to[i] = integer(dtype, from + i);
        }
    }

    private long integer(DType dtype, long index) {
        return switch (dtype) {
            case I8 -> buffer.get(ValueLayout.JAVA_BYTE, index);
            case I16 -> buffer.get(I16, index * Short.BYTES);
            case I32 -> buffer.get(I32, index * Integer.BYTES);
            case I64, U64, C64 -> buffer.get(I64, index * Long.BYTES);
            case BOOL, U8 -> Byte.toUnsignedLong(buffer.get(ValueLayout.JAVA_BYTE, index));
            case U16 -> Short.toUnsignedLong(buffer.get(I16, index * Short.BYTES));
            case U32 -> Integer.toUnsignedLong(buffer.get(I32, index * Integer.BYTES));
            case F4 -> buffer.get(ValueLayout.JAVA_BYTE, index / 2) >> index % 2 * 4 & 0xF;
            case F6_E2M3, F6_E3M2 -> sixBits(index);
            default -> throw new IllegalArgumentException(dtype + " is no integer type");
        };
    }

    /// {@return one of four elements in three bytes, the first in the lowest bits}
    private long sixBits(long index) {
        long at = index / 4 * 3;
        int three = 0;
        for (int i = 0; i < 3; i++) {
            three |= (buffer.get(ValueLayout.JAVA_BYTE, at + i) & 0xFF) << 8 * i;
        }
        return three >> index % 4 * 6 & 0x3F;
    }

    /// What elements of a type are, when they are measured.
    enum Kind {
        INTEGERS,
        REALS,
        /// Bits that stand for no number, or for several.
        BITS
    }

    static Kind kind(DType dtype) {
        return switch (dtype) {
            case BOOL, I8, I16, I32, I64, U8, U16, U32, U64 -> Kind.INTEGERS;
            case F32, F16, BF16, F64, F8_E4M3, F8_E5M2, F8_E8M0 -> Kind.REALS;
            case C64, F4, F6_E2M3, F6_E3M2 -> Kind.BITS;
        };
    }
}
