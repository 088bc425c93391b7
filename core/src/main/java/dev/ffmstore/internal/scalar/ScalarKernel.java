package dev.ffmstore.internal.scalar;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/// Decodes blocks from an array to an array, both from their starts. Stateless; what a kernel needs room for on the
/// way is the decoder's.
///
/// Most kernels take their blocks apart in a method for one block, then have [Unpacked] compute all elements. C2
/// compiles that method after some hundred calls, sooner than the loop around it. The loop is in each kernel and
/// not here: shared, it would be compiled for every type that the process has met, with a call it cannot inline.
@FunctionalInterface
interface ScalarKernel {
    void decode(byte[] blocks, Unpacked unpacked, float[] dense, int blockCount);

    VarHandle U16 = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    VarHandle U32 = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    VarHandle U64 = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    /// The eight bytes at `offset`, the first lowest.
    static long eight(byte[] blocks, int offset) {
        return (long) U64.get(blocks, offset);
    }

    /// The four bytes at `offset`, the first lowest.
    static int four(byte[] blocks, int offset) {
        return (int) U32.get(blocks, offset);
    }

    /// The two bytes at `offset`, the first lowest.
    static short two(byte[] blocks, int offset) {
        return (short) U16.get(blocks, offset);
    }

    /// The half-precision number at `offset`.
    static float half(byte[] blocks, int offset) {
        return Float.float16ToFloat(two(blocks, offset));
    }
}
