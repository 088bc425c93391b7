package dev.ffmstore.internal.memory;

import dev.ffmstore.LoadPlan;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// One anonymous mapping in huge pages, cut into the plan's slots.
///
/// Workers take a huge page at a time, whatever tensors lie in it: two that shared one would fault on the same
/// page.
@SuppressWarnings("restricted") // only made where native access is enabled
final class HugePageRegion implements Region {
    private static final long RANGE_BYTES = LinuxMemory.HUGE_PAGE_BYTES;

    private final LoadPlan plan;
    private final LinuxMemory.Mapping mapping;
    private final MemorySegment memory;
    private final Arena target;
    private boolean bound;

    private HugePageRegion(LoadPlan plan, LinuxMemory.Mapping mapping, Arena working, Arena target) {
        this.plan = plan;
        this.mapping = mapping;
        this.memory = slice(MemorySegment.ofAddress(mapping.address()).reinterpret(mapping.byteSize(), working, null));
        this.target = target;
    }

    static boolean isUsable() {
        return LinuxMemory.isUsable();
    }

    static HugePageRegion map(LoadPlan plan, Arena working, Arena target) {
        return new HugePageRegion(plan, LinuxMemory.map(plan.regionBytes()), working, target);
    }

    private MemorySegment slice(MemorySegment mapped) {
        return mapped.asSlice(mapping.start() - mapping.address(), plan.regionBytes());
    }

    @Override
    public MemorySegment segment(int slot) {
        return slot(memory, plan.slots().get(slot));
    }

    private static MemorySegment slot(MemorySegment memory, LoadPlan.Slot slot) {
        return memory.asSlice(slot.offset(), slot.byteSize());
    }

    @Override
    public long rangeCount() {
        return Math.ceilDiv(plan.regionBytes(), RANGE_BYTES);
    }

    @Override
    public Range range(long index) {
        return new Range(index * RANGE_BYTES, Math.min((index + 1) * RANGE_BYTES, plan.regionBytes()));
    }

    @Override
    public List<MemorySegment> bind() {
        LinuxMemory.Mapping unmapped = mapping;
        MemorySegment owned = slice(MemorySegment.ofAddress(mapping.address())
                .reinterpret(mapping.byteSize(), target, ignored -> LinuxMemory.unmap(unmapped)));
        bound = true;
        return plan.slots().stream().map(slot -> slot(owned, slot)).toList();
    }

    @Override
    public void release() {
        if (!bound) {
            LinuxMemory.unmap(mapping);
        }
    }

    @Override
    public String description() {
        return "mapping, huge pages asked for";
    }
}
