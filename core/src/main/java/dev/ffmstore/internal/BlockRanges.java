package dev.ffmstore.internal;

import dev.ffmstore.ggml.GgmlType;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/// The check that every decoder makes before it writes anything.
public final class BlockRanges {
    private BlockRanges() {}

    /// Checks that the blocks and their elements are inside their segments.
    ///
    /// @throws IndexOutOfBoundsException if one of the two ranges is not
    public static void check(
            GgmlType type,
            MemorySegment blocks,
            long blocksOffset,
            MemorySegment dense,
            long denseOffset,
            long blockCount) {
        Objects.checkFromIndexSize(0, blockCount, Long.MAX_VALUE / type.denseBlockBytes());
        Objects.checkFromIndexSize(blocksOffset, blockCount * type.blockBytes(), blocks.byteSize());
        Objects.checkFromIndexSize(denseOffset, blockCount * type.denseBlockBytes(), dense.byteSize());
    }
}
