package dev.ffmstore.cli.demo;

import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.gguf.TensorInfo;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/// Makes random blocks that decode to weights like those of a model: norms near 1, all else with a mean near 0 and
/// a deviation near 0.02.
///
/// ```text
/// Q4_K, 256 weights   d f16 │ dmin f16 │ 8 scales and 8 mins of 6 bits, packed, 12 B │ q 4 bits each, 128 B
///                     weight = d·scale·q − dmin·min
/// Q6_K, 256 weights   q low 4 bits, 128 B │ q high 2 bits, 64 B │ 16 scales i8 │ d f16
///                     weight = d·scale·(q − 32)
/// ```
///
/// A uniform q of 4 bits has mean 7.5 and deviation 4.61, so min = scale and dmin = 7.5·d centre it; a q of 6 bits,
/// less 32, has deviation 18.5. Scales stay within a narrow range, so that d determines the deviation.
final class DemoBlocks {
    private static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private static final float DEVIATION = 0.02f;

    private static final int Q4_SCALE_LEAST = 40;
    private static final float Q4_SCALE_MEAN = Q4_SCALE_LEAST + 7.5f;
    private static final float Q4_D = DEVIATION / (Q4_SCALE_MEAN * 4.61f);
    private static final float Q4_CENTRE = 7.5f;

    private static final int Q6_SCALE_LEAST = 12;
    private static final float Q6_SCALE_MEAN = Q6_SCALE_LEAST + 3.5f;
    private static final float Q6_D = DEVIATION / (Q6_SCALE_MEAN * 18.47f);

    private static final float NORM_SPREAD = 0.04f;

    private final SplitMix64 random;

    private DemoBlocks(long seed) {
        random = new SplitMix64(seed);
    }

    /// Writes consecutive blocks of a tensor.
    ///
    /// @param tensor the tensor: F32, Q4_K or Q6_K
    /// @param seed determines every bit, together with the type
    /// @param target where the blocks go, from its start
    /// @param count the number of blocks
    static void write(TensorInfo tensor, long seed, MemorySegment target, long count) {
        DemoBlocks blocks = new DemoBlocks(seed);
        GgmlType type = tensor.ggmlType();
        for (long offset = 0; offset < count * type.blockBytes(); offset += type.blockBytes()) {
            switch (type) {
                case F32 -> blocks.norm(target, offset);
                case Q4_K -> blocks.q4k(target, offset);
                case Q6_K -> blocks.q6k(target, offset);
                default -> throw new IllegalArgumentException("expected F32, Q4_K or Q6_K, got " + type);
            }
        }
    }

    private void norm(MemorySegment target, long offset) {
        float uniform = (random.next() >>> 40) * 0x1p-24f - 0.5f;
        target.set(F32, offset, 1 + NORM_SPREAD * uniform);
    }

    private void q4k(MemorySegment target, long offset) {
        long bits = random.next();
        float d = Q4_D * (1 + ((bits >>> 32 & 0xFF) - 127.5f) / 1024);
        target.set(U16, offset, Float.floatToFloat16(d));
        target.set(U16, offset + 2, Float.floatToFloat16(Q4_CENTRE * d));
        for (int i = 0; i < 4; i++) {
            int low = Q4_SCALE_LEAST + (int) (bits >>> 4 * i & 0xF);
            int high = Q4_SCALE_LEAST + (int) (bits >>> 4 * (i + 4) & 0xF);
            // scale i and min i have 6 bits to themselves; of scale and min i + 4, the upper 2 bits are above
            // those, and the lower 4 at the end
            byte first = (byte) (low | high >>> 4 << 6);
            target.set(ValueLayout.JAVA_BYTE, offset + 4 + i, first);
            target.set(ValueLayout.JAVA_BYTE, offset + 8 + i, first);
            target.set(ValueLayout.JAVA_BYTE, offset + 12 + i, (byte) (high & 0xF | high << 4));
        }
        randomBits(target, offset + 16, 128);
    }

    private void q6k(MemorySegment target, long offset) {
        randomBits(target, offset, 128 + 64);
        long bits = random.next();
        for (int i = 0; i < 16; i++) {
            int nibble = (int) (bits >>> 4 * i & 0xF);
            int magnitude = Q6_SCALE_LEAST + (nibble & 7);
            target.set(ValueLayout.JAVA_BYTE, offset + 192 + i, (byte) (nibble < 8 ? magnitude : -magnitude));
        }
        target.set(U16, offset + 208, Float.floatToFloat16(Q6_D));
    }

    private void randomBits(MemorySegment target, long offset, int bytes) {
        for (int i = 0; i < bytes; i += Long.BYTES) {
            target.set(U64, offset + i, random.next());
        }
    }
}
