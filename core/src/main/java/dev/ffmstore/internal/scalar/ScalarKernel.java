package dev.ffmstore.internal.scalar;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/// Decodes blocks from an array to an array, both from their starts. Stateless.
@FunctionalInterface
interface ScalarKernel {
    void decode(byte[] blocks, float[] dense, int blockCount);

    VarHandle U16 = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    VarHandle U32 = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    VarHandle U64 = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    /// The half-precision number at `offset`.
    static float half(byte[] blocks, int offset) {
        return Float.float16ToFloat((short) U16.get(blocks, offset));
    }
}
