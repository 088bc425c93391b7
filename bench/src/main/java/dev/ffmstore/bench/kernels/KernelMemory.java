package dev.ffmstore.bench.kernels;

import dev.ffmstore.bench.run.RandomBlocks;
import dev.ffmstore.bench.run.Regions;
import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.internal.memory.ProcessMemory;
import dev.ffmstore.internal.memory.Region;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.OptionalLong;

/// Memory for the blocks and the elements of kernels under test, in one shared arena: huge pages that are allocated
/// before a clock starts.
///
/// For one thread at a time. Closing it frees the memory.
final class KernelMemory implements AutoCloseable {
    /// How much stays in a second-level cache.
    static final long CACHED_BYTES = 256L << 10;

    /// More than any cache holds.
    static final long STREAMED_BYTES = 512L << 20;

    private static final long HUGE_PAGE_BYTES = 2L << 20;

    /// How many elements are drawn; longer input repeats them at other addresses.
    private static final int DRAWN_ELEMENTS = 1 << 20;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment dense;
    private final MemorySegment blocks;
    private final Runnable free;

    /// Blocks of one type and the place of their elements.
    ///
    /// @param blocks random blocks whose elements are ordinary numbers
    /// @param dense memory of the size that the blocks decode to
    /// @param blockCount the number of blocks
    record Kernel(MemorySegment blocks, MemorySegment dense, long blockCount) {}

    /// Allocates the memory and touches it.
    ///
    /// @param denseBytes the largest dense size that [#of] will be asked for
    KernelMemory(long denseBytes) {
        if (denseBytes % 64 != 0) {
            throw new IllegalArgumentException("size: expected a multiple of 64, got " + denseBytes);
        }
        // no type takes more than half of its dense size
        Region region = Regions.allocate(arena, denseBytes, denseBytes / 2);
        dense = region.segment(0).fill((byte) 1);
        blocks = region.segment(1).fill((byte) 1);
        free = region::release;
    }

    /// {@return blocks of a type, the same ones at each call; those of the call before are overwritten}
    ///
    /// @param denseBytes the size that the blocks decode to
    Kernel of(GgmlType type, long denseBytes) {
        long blockCount = denseBytes / type.denseBlockBytes();
        long blockBytes = blockCount * type.blockBytes();
        int drawnCount = (int) Math.min(blockCount, DRAWN_ELEMENTS / type.blockLength());
        MemorySegment drawn = MemorySegment.ofArray(new RandomBlocks(type, 1).next(drawnCount));
        for (long offset = 0; offset < blockBytes; offset += drawn.byteSize()) {
            MemorySegment.copy(drawn, 0, blocks, offset, Math.min(drawn.byteSize(), blockBytes - offset));
        }
        return new Kernel(blocks.asSlice(0, blockBytes), dense.asSlice(0, denseBytes), blockCount);
    }

    /// {@return how many bytes are in huge pages; absent where the kernel does not say}
    OptionalLong hugePageBytes() {
        return ProcessMemory.hugePageBytes(List.of(dense, blocks));
    }

    /// {@return whether the memory is in huge pages, except for the rest of the last one}
    boolean isInHugePages() {
        return hugePageBytes().orElse(0) >= dense.byteSize() + blocks.byteSize() - HUGE_PAGE_BYTES;
    }

    @Override
    public void close() {
        free.run();
        arena.close();
    }
}
