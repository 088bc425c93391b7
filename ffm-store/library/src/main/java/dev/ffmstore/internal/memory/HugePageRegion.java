package dev.ffmstore.internal.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.util.concurrent.atomic.AtomicBoolean;

/// One anonymous mapping in huge pages, cut into places.
///
/// A worker takes one huge page at a time, whatever tensors are in it: two workers that shared a page would both
/// fault on it.
@SuppressWarnings("restricted") // only made where native access is enabled
final class HugePageRegion implements Region {
    private final String name;
    private final Places places;
    private final long rangeBytes;
    private final long moreBytes;
    private final Memory mapped;
    private final MemorySegment memory;
    private final Arena own;

    /// A mapping that is given back once, by whichever comes first: the arena that is closed, a load that failed,
    /// or the watch over stores that nobody closed.
    private static final class Memory implements Runnable {
        private final LinuxMemory.Mapping mapping;
        private final AtomicBoolean freed = new AtomicBoolean();

        Memory(LinuxMemory.Mapping mapping) {
            this.mapping = mapping;
        }

        boolean isFreed() {
            return freed.get();
        }

        @Override
        public void run() {
            if (freed.compareAndSet(false, true)) {
                LinuxMemory.unmap(mapping);
            }
        }
    }

    private HugePageRegion(
            String name,
            Places places,
            long rangeBytes,
            long moreBytes,
            LinuxMemory.Mapping mapping,
            Arena working,
            Arena own) {
        this.name = name;
        this.places = places;
        this.rangeBytes = rangeBytes;
        this.moreBytes = moreBytes;
        this.mapped = new Memory(mapping);
        this.memory = used(MemorySegment.ofAddress(mapping.address()).reinterpret(mapping.byteSize(), working, null));
        this.own = own;
    }

    static boolean isUsable() {
        return LinuxMemory.isUsable();
    }

    static HugePageRegion map(String name, Places places, long rangeBytes, long moreBytes, Arena working, Arena own) {
        long used = Math.addExact(places.regionBytes(), moreBytes);
        return new HugePageRegion(name, places, rangeBytes, moreBytes, LinuxMemory.map(used), working, own);
    }

    private MemorySegment used(MemorySegment whole) {
        LinuxMemory.Mapping mapping = mapped.mapping;
        return whole.asSlice(mapping.start() - mapping.address(), places.regionBytes() + moreBytes);
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
        Memory free = mapped;
        MemorySegment owned = used(MemorySegment.ofAddress(free.mapping.address())
                .reinterpret(free.mapping.byteSize(), own, ignored -> free.run()));
        Unclosed.watch(owned.scope(), name, free::isFreed, free);
        return new Bound(
                places.segments(owned),
                SegmentAllocator.slicingAllocator(owned.asSlice(places.regionBytes(), moreBytes)),
                () -> {});
    }

    @Override
    public void release() {
        mapped.run();
    }

    @Override
    public String description() {
        return "mapping, huge pages asked for";
    }
}
