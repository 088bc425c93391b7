package dev.ffmstore.internal.vector;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/// The shapes and steps that every vector kernel is made of: one vector is as many bytes, shorts, ints or floats as
/// the machine's widest vector holds floats (16 or 8).
///
/// No kernel uses any other shape. C2 compiles a call such as `FloatVector.add` for the classes it has seen there
/// in the whole process; if it has seen two, it compiles both paths, and where they join, the vector is an object
/// on the heap, in every kernel that uses the call.
final class Lanes {
    static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;

    static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
    static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(LE);
    private static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(LE);
    private static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(LE);

    private static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(LE);

    static final int BITS = Math.min(512, FloatVector.SPECIES_PREFERRED.vectorBitSize());

    /// The number of floats in a vector.
    static final int COUNT = BITS / Float.SIZE;

    /// The number of elements that one pass of a kernel's innermost loop makes: two vectors of sixteen or eight
    /// floats.
    static final int TWO = 2 * COUNT;

    /// The passes that make a row of 32 elements, two vectors per pass.
    static final int ROW = passes(32 / TWO);

    static final VectorSpecies<Float> F32 = VectorSpecies.of(float.class, VectorShape.forBitSize(BITS));
    static final VectorSpecies<Integer> I32 = VectorSpecies.of(int.class, VectorShape.forBitSize(BITS));
    static final VectorSpecies<Short> I16 =
            VectorSpecies.of(short.class, VectorShape.forBitSize(Math.max(64, BITS / 2)));
    static final VectorSpecies<Byte> I8 = VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, BITS / 4)));

    private Lanes() {}

    /// Returns as many bits as a loop has passes: `for (int left = passes(8); left != 0; left >>= 1)`.
    ///
    /// Kernels count this way within a block, except in innermost loops of two or fewer passes, which C2 unrolls.
    /// For a loop over a counter, C2 works out before each block which passes need no range checks: with so few
    /// passes that costs more than the checks, twice the time of a whole kernel.
    static int passes(int count) {
        return (1 << count) - 1;
    }

    /// Returns the half-precision number at `offset`.
    static float half(MemorySegment blocks, long offset) {
        return Float.float16ToFloat(blocks.get(U16, offset));
    }

    static int unsignedByte(MemorySegment blocks, long offset) {
        return Byte.toUnsignedInt(blocks.get(BYTE, offset));
    }

    static int unsignedShort(MemorySegment blocks, long offset) {
        return Short.toUnsignedInt(blocks.get(U16, offset));
    }

    static long doubleWord(MemorySegment blocks, long offset) {
        return blocks.get(U64, offset);
    }

    /// Returns the little-endian word at `offset`.
    static int word(MemorySegment blocks, long offset) {
        return blocks.get(U32, offset);
    }

    /// Returns the bytes starting at `offset`, each as an int of 0 to 255.
    static IntVector unsignedBytes(MemorySegment blocks, long offset) {
        return (IntVector) ByteVector.fromMemorySegment(I8, blocks, offset, LE)
                .convertShape(VectorOperators.ZERO_EXTEND_B2I, I32, 0);
    }

    /// Returns the bytes starting at `offset`, each as an int of −128 to 127.
    static IntVector signedBytes(MemorySegment blocks, long offset) {
        return (IntVector)
                ByteVector.fromMemorySegment(I8, blocks, offset, LE).convertShape(VectorOperators.B2I, I32, 0);
    }

    /// Returns the shorts starting at `offset`, each as an int of 0 to 65,535.
    static IntVector unsignedShorts(MemorySegment blocks, long offset) {
        return (IntVector) ShortVector.fromMemorySegment(I16, blocks, offset, LE)
                .convertShape(VectorOperators.ZERO_EXTEND_S2I, I32, 0);
    }

    /// Returns small ints as floats, exactly.
    static FloatVector toFloat(IntVector ints) {
        return (FloatVector) ints.convertShape(VectorOperators.I2F, F32, 0);
    }
}
