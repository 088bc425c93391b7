package dev.ffmstore.internal.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Comparator;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.stream.IntStream;

/// Memory of the store's own arena, one piece per tensor, which works everywhere and needs no flag.
///
/// An arena zeroes what it allocates on the thread that asks, so a worker takes a whole tensor and allocates it
/// itself, the largest first. What has been allocated stays until the arena is closed.
final class SeparateRegion implements Region {
    private static final System.Logger LOG = System.getLogger(Region.class.getName());
    private static final int ALIGNMENT = 64;

    private final String name;
    private final Places places;
    private final Arena own;
    private final int[] largestFirst;
    private final AtomicReferenceArray<MemorySegment> segments;

    SeparateRegion(String name, Places places, Arena own) {
        this.name = name;
        this.places = places;
        this.own = own;
        this.segments = new AtomicReferenceArray<>(places.count());
        this.largestFirst = IntStream.range(0, places.count())
                .boxed()
                .sorted(Comparator.comparingLong((Integer place) -> -places.byteSize(place)))
                .mapToInt(Integer::intValue)
                .toArray();
        Advice.once();
    }

    /// Logs what would help, once per process and only where something would.
    private static final class Advice {
        static {
            if (LinuxMemory.isLinuxOnX64()) {
                Module module = SeparateRegion.class.getModule();
                LOG.log(
                        System.Logger.Level.INFO,
                        "memory: ordinary pages; --enable-native-access={0} gives huge pages and a load several times"
                                + " faster",
                        module.isNamed() ? module.getName() : "ALL-UNNAMED");
            }
        }

        static void once() {}
    }

    @Override
    public MemorySegment segment(int place) {
        MemorySegment segment = segments.get(place);
        if (segment == null) {
            // a place is in one range, and a range belongs to one worker: nobody else allocates it
            segment = own.allocate(places.byteSize(place), ALIGNMENT);
            segments.set(place, segment);
        }
        return segment;
    }

    @Override
    public long rangeCount() {
        return largestFirst.length;
    }

    @Override
    public Range range(long index) {
        int place = largestFirst[Math.toIntExact(index)];
        return new Range(places.offset(place), places.offset(place) + places.byteSize(place));
    }

    @Override
    public Bound bind() {
        return new Bound(
                IntStream.range(0, segments.length()).mapToObj(this::segment).toList(),
                own,
                Unclosed.watchUnfreeable(own.scope(), name));
    }

    @Override
    public void release() {
        // the arena frees the memory when it is closed
    }

    @Override
    public String description() {
        return "arena allocations, ordinary pages";
    }
}
