package dev.ffmstore.internal.memory;

import dev.ffmstore.LoadPlan;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// Where the tensors of a plan live.
///
/// A region is allocated, written by the workers, and then either bound to the arena it is for, or given up; one of
/// the two, once, when no worker is left.
public sealed interface Region permits HugePageRegion, ArenaRegion {

    /// How the work is to be shared out: the ranges of the region that one worker takes at a time, in the order
    /// they are to be taken.
    ///
    /// @param from the first byte, an offset in the region
    /// @param to one more than the last byte
    record Range(long from, long to) {}

    /// Allocates memory for a plan: a mapping in huge pages where that is possible, memory of the arena's own where
    /// it is not.
    ///
    /// @param plan what is to be loaded
    /// @param working a shared arena that lives as long as the load
    /// @param target the shared arena the tensors will live in
    /// @return the region
    /// @throws OutOfMemoryError if there is not enough memory
    static Region allocate(LoadPlan plan, Arena working, Arena target) {
        return HugePageRegion.isUsable() ? HugePageRegion.map(plan, working, target) : new ArenaRegion(plan, target);
    }

    /// {@return the memory of one tensor, for a worker to write to; where it is allocated tensor by tensor, by the
    /// first who asks}
    ///
    /// @param slot the index of the tensor in the plan
    /// @throws OutOfMemoryError if there is not enough memory
    MemorySegment segment(int slot);

    /// {@return the number of ranges}
    long rangeCount();

    /// {@return one of the ranges}
    ///
    /// @param index 0 to `rangeCount()` − 1
    Range range(long index);

    /// Binds the memory to its arena, which frees it from now on.
    ///
    /// @return the memory of every tensor, in the plan's order
    List<MemorySegment> bind();

    /// Frees the memory after a load that failed, unless it has been bound, as far as it can be freed before its
    /// arena is closed.
    void release();

    /// {@return what the memory is, for a report}
    String description();
}
