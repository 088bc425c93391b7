package dev.ffmstore.gguf;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import org.jspecify.annotations.Nullable;

/// Hands out small pieces of larger allocations, for the many short strings of a header. For one thread only.
final class SlabAllocator implements SegmentAllocator {
    private static final long SLAB_BYTES = 64 << 10;
    private static final long LARGEST_PIECE_BYTES = 8 << 10;

    private final Arena arena;
    private @Nullable MemorySegment slab;
    private long used;

    SlabAllocator(Arena arena) {
        this.arena = arena;
    }

    @Override
    public MemorySegment allocate(long byteSize, long byteAlignment) {
        if (byteSize > LARGEST_PIECE_BYTES || byteAlignment > 1) {
            return arena.allocate(byteSize, byteAlignment);
        }
        if (slab == null || byteSize > slab.byteSize() - used) {
            slab = arena.allocate(SLAB_BYTES);
            used = 0;
        }
        MemorySegment piece = slab.asSlice(used, byteSize);
        used += byteSize;
        return piece;
    }
}
