package dev.ffmstore.internal.scalar;

/// The two 16-bit floats; a "block" is one element.
///
/// ```text
/// F16   sign 1 │ exponent 5 │ fraction 10      IEEE binary16
/// BF16  sign 1 │ exponent 8 │ fraction 7       the upper half of a binary32
/// ```
final class HalfFloats {
    private HalfFloats() {}

    static void f16(byte[] blocks, Unpacked unused, float[] dense, int blockCount) {
        for (int i = 0; i < blockCount; i++) {
            dense[i] = ScalarKernel.half(blocks, i * 2);
        }
    }

    static void bf16(byte[] blocks, Unpacked unused, float[] dense, int blockCount) {
        for (int i = 0; i < blockCount; i++) {
            dense[i] = Float.intBitsToFloat(ScalarKernel.two(blocks, i * 2) << 16);
        }
    }
}
