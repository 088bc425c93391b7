package dev.ffmstore;

import dev.ffmstore.ggml.BlockDecoder;
import dev.ffmstore.ggml.Float8;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Objects;

/// Widens 8-bit floats to 32 bits, through small arrays and a table of their values.
final class Float8Decoder implements BlockDecoder {
    /// The elements widened at a time: 16 KiB of floats, as in the decoders of ggml's types.
    private static final int STAGED = 4096;

    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final DType type;
    private final Float8 floats;
    private final byte[] in = new byte[STAGED];
    private final float[] out = new float[STAGED];

    /// @param type F8_E4M3, F8_E5M2 or F8_E8M0
    Float8Decoder(DType type) {
        this.type = type;
        this.floats = type.float8().orElseThrow();
    }

    @Override
    public DType type() {
        return type;
    }

    @Override
    public void decode(
            MemorySegment blocks, long blocksOffset, MemorySegment dense, long denseOffset, long blockCount) {
        Objects.checkFromIndexSize(0, blockCount, Long.MAX_VALUE / Float.BYTES);
        Objects.checkFromIndexSize(blocksOffset, blockCount, blocks.byteSize());
        Objects.checkFromIndexSize(denseOffset, blockCount * Float.BYTES, dense.byteSize());
        for (long done = 0; done < blockCount; ) {
            int count = (int) Math.min(STAGED, blockCount - done);
            MemorySegment.copy(blocks, ValueLayout.JAVA_BYTE, blocksOffset + done, in, 0, count);
            floats.toFloats(in, out, count);
            MemorySegment.copy(out, 0, dense, F32, denseOffset + done * Float.BYTES, count);
            done += count;
        }
    }
}
