package dev.ffmstore.internal.scalar;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/// Decodes blocks from one array into another, each from its start. Stateless; the working memory of a kernel
/// belongs to the decoder.
///
/// Most kernels take their blocks apart in a method for one block, then have [Unpacked] compute all elements. C2
/// compiles that method after a few hundred calls, sooner than the loop around it. Each kernel has a loop of its
/// own: a shared one would be compiled for every type the process has met, with a call that cannot be inlined.
@FunctionalInterface
interface ScalarKernel {
    void decode(byte[] blocks, Unpacked unpacked, float[] dense, int blockCount);

    VarHandle U16 = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    VarHandle U32 = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    VarHandle U64 = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    /// Returns the eight bytes at `offset`, the first lowest.
    static long eight(byte[] blocks, int offset) {
        return (long) U64.get(blocks, offset);
    }

    /// Returns the four bytes at `offset`, the first lowest.
    static int four(byte[] blocks, int offset) {
        return (int) U32.get(blocks, offset);
    }

    /// Returns the two bytes at `offset`, the first lowest.
    static short two(byte[] blocks, int offset) {
        return (short) U16.get(blocks, offset);
    }

    /// Returns the half-precision number at `offset`.
    static float half(byte[] blocks, int offset) {
        return Float.float16ToFloat(two(blocks, offset));
    }
}
