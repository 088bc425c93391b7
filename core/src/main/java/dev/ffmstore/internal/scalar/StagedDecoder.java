package dev.ffmstore.internal.scalar;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import dev.ffmstore.ggml.BlockDecoder;
import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.internal.BlockRanges;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/// Decodes segments through small arrays, so that a kernel sees only arrays.
final class StagedDecoder implements BlockDecoder {
    /// The elements decoded at a time: 16 KiB of output, or 32 to 40 KiB with everything on the way to it, which is
    /// small enough for a first-level cache, or nearly. At half the size, the loops of the kernels lose as much as
    /// the cache gains.
    private static final int STAGED_ELEMENTS = 4096;

    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final GgmlType type;
    private final ScalarKernel kernel;
    private final int stagedBlocks;
    private final byte[] in;
    private final Unpacked unpacked = new Unpacked(STAGED_ELEMENTS);
    private final float[] out;

    StagedDecoder(GgmlType type, ScalarKernel kernel) {
        this.type = type;
        this.kernel = kernel;
        this.stagedBlocks = STAGED_ELEMENTS / type.blockLength();
        this.in = new byte[stagedBlocks * type.blockBytes()];
        this.out = new float[STAGED_ELEMENTS];
    }

    @Override
    public GgmlType type() {
        return type;
    }

    @Override
    public void decode(
            MemorySegment blocks, long blocksOffset, MemorySegment dense, long denseOffset, long blockCount) {
        BlockRanges.check(type, blocks, blocksOffset, dense, denseOffset, blockCount);
        long from = blocksOffset;
        long to = denseOffset;
        for (long left = blockCount; left > 0; ) {
            int count = (int) Math.min(left, stagedBlocks);
            MemorySegment.copy(blocks, JAVA_BYTE, from, in, 0, count * type.blockBytes());
            kernel.decode(in, unpacked, out, count);
            MemorySegment.copy(out, 0, dense, F32, to, count * type.blockLength());
            from += (long) count * type.blockBytes();
            to += (long) count * type.denseBlockBytes();
            left -= count;
        }
    }
}
