package dev.ffmstore.internal.memory;

import dev.ffmstore.LoadPlan;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.stream.IntStream;

/// Memory of the arena's own, a piece a tensor: what works everywhere and needs no flag.
///
/// An arena zeroes what it allocates on the thread that asks, so a worker takes a whole tensor and allocates it
/// itself, the largest first. What has been allocated stays with the arena until that is closed.
final class ArenaRegion implements Region {
    private static final System.Logger LOG = System.getLogger(Region.class.getName());

    private final LoadPlan plan;
    private final Arena target;
    private final int[] largestFirst;
    private final AtomicReferenceArray<MemorySegment> segments;

    ArenaRegion(LoadPlan plan, Arena target) {
        this.plan = plan;
        this.target = target;
        this.segments = new AtomicReferenceArray<>(plan.slots().size());
        this.largestFirst = IntStream.range(0, plan.slots().size())
                .boxed()
                .sorted(Comparator.comparingLong(
                        (Integer slot) -> -plan.slots().get(slot).byteSize()))
                .mapToInt(Integer::intValue)
                .toArray();
        Advice.once();
    }

    /// Says what would help, once a process and only where something would.
    private static final class Advice {
        static {
            if (LinuxMemory.isLinuxOnX64()) {
                Module module = ArenaRegion.class.getModule();
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
    public MemorySegment segment(int slot) {
        MemorySegment segment = segments.get(slot);
        if (segment == null) {
            // A slot lies in one range, and a range belongs to one worker: nobody else allocates it.
            segment = target.allocate(plan.slots().get(slot).byteSize(), LoadPlan.ALIGNMENT);
            segments.set(slot, segment);
        }
        return segment;
    }

    @Override
    public long rangeCount() {
        return largestFirst.length;
    }

    @Override
    public Range range(long index) {
        LoadPlan.Slot slot = plan.slots().get(largestFirst[Math.toIntExact(index)]);
        return new Range(slot.offset(), slot.end());
    }

    @Override
    public List<MemorySegment> bind() {
        return IntStream.range(0, segments.length()).mapToObj(this::segment).toList();
    }

    @Override
    public void release() {
        // The arena has it, and frees it when it is closed.
    }

    @Override
    public String description() {
        return "arena allocations, ordinary pages";
    }
}
