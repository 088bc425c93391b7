package dev.ffmstore.internal.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// One piece of memory of a caller's arena, allocated in one call on the loading thread: so the arena's methods
/// need not be thread-safe, and the memory is the same whatever flags the JVM has.
final class WholeRegion implements Region {
    private static final int ALIGNMENT = 64;

    private final Places places;
    private final long rangeBytes;
    private final Arena target;
    private final MemorySegment memory;

    WholeRegion(Places places, long rangeBytes, Arena target) {
        this.places = places;
        this.rangeBytes = rangeBytes;
        this.target = target;
        this.memory = target.allocate(places.regionBytes(), ALIGNMENT);
    }

    @Override
    public MemorySegment segment(int place) {
        return places.segment(memory, place);
    }

    @Override
    public long rangeCount() {
        return places.rangeCount(rangeBytes);
    }

    @Override
    public Range range(long index) {
        return places.range(index, rangeBytes);
    }

    @Override
    public Bound bind() {
        if (!target.scope().isAlive()) {
            throw new IllegalStateException("the caller's arena has been closed during the load");
        }
        return new Bound(places.segments(memory), target, () -> {});
    }

    @Override
    public void release() {
        // the arena frees the memory when it is closed
    }

    @Override
    public String description() {
        return "the caller's arena";
    }
}
