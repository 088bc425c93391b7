package dev.ffmstore.internal.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.stream.IntStream;

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
        return memory.asSlice(places.offset(place), places.byteSize(place));
    }

    @Override
    public long rangeCount() {
        return Math.ceilDiv(places.regionBytes(), rangeBytes);
    }

    @Override
    public Range range(long index) {
        return new Range(index * rangeBytes, Math.min((index + 1) * rangeBytes, places.regionBytes()));
    }

    @Override
    public Bound bind() {
        if (!target.scope().isAlive()) {
            throw new IllegalStateException("the caller's arena has been closed during the load");
        }
        return new Bound(
                IntStream.range(0, places.count()).mapToObj(this::segment).toList(), target, () -> {});
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
