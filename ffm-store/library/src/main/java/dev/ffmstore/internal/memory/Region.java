package dev.ffmstore.internal.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.util.List;
import java.util.function.IntToLongFunction;
import java.util.stream.IntStream;

/// The memory that the tensors of a store live in.
///
/// A region is allocated on the loading thread, written by the workers, and then, when no worker is left, either
/// bound to its arena or released, once.
public sealed interface Region permits HugePageRegion, SeparateRegion, WholeRegion {

    /// The places of a region, ascending and not overlapping, each at a multiple of 64 bytes.
    ///
    /// @param count the number of places
    /// @param offsets where each place starts in the region, in bytes
    /// @param byteSizes the size of each place in bytes
    /// @param regionBytes the size of the region in bytes, with the padding between places
    record Places(int count, IntToLongFunction offsets, IntToLongFunction byteSizes, long regionBytes) {
        long offset(int place) {
            return offsets.applyAsLong(place);
        }

        long byteSize(int place) {
            return byteSizes.applyAsLong(place);
        }

        /// {@return a place, cut out of the memory of the region}
        MemorySegment segment(MemorySegment region, int place) {
            return region.asSlice(offset(place), byteSize(place));
        }

        /// {@return every place, cut out of the memory of the region}
        List<MemorySegment> segments(MemorySegment region) {
            return IntStream.range(0, count)
                    .mapToObj(place -> segment(region, place))
                    .toList();
        }

        /// {@return the number of ranges of one size, but for the last, that the region is cut into}
        long rangeCount(long rangeBytes) {
            return Math.ceilDiv(regionBytes, rangeBytes);
        }

        /// {@return one of these ranges}
        Range range(long index, long rangeBytes) {
            return new Range(index * rangeBytes, Math.min((index + 1) * rangeBytes, regionBytes));
        }
    }

    /// A part of the region that one worker takes at a time. Ranges are taken in the order of their indices.
    ///
    /// @param from the first byte, an offset in the region
    /// @param to the end of the range, exclusive
    record Range(long from, long to) {}

    /// Memory that belongs to its arena.
    ///
    /// @param places the memory of every place, in their order
    /// @param more allocates a little more memory with the same lifetime, as much as was asked for
    /// @param closed to be run after the arena has been closed, so that the store is not reported as unclosed
    record Bound(List<MemorySegment> places, SegmentAllocator more, Runnable closed) {}

    /// Allocates memory in an arena of the store's own: a mapping in huge pages where that is possible, pieces of
    /// the arena's own memory where it is not.
    ///
    /// @param name the name of the store, for the log
    /// @param places the places that are needed
    /// @param rangeBytes how much a worker takes at a time
    /// @param moreBytes how much more memory is wanted when the region is bound
    /// @param working a shared arena that lives as long as the load
    /// @param own the shared arena that the tensors will live in, not used for anything else
    /// @throws OutOfMemoryError if there is not enough memory
    static Region allocate(String name, Places places, long rangeBytes, long moreBytes, Arena working, Arena own) {
        return HugePageRegion.isUsable()
                ? HugePageRegion.map(name, places, rangeBytes, moreBytes, working, own)
                : new SeparateRegion(name, places, own);
    }

    /// Allocates memory in an arena of the caller's: all of it in one call, on the calling thread.
    ///
    /// @param places the places that are needed
    /// @param rangeBytes how much a worker takes at a time
    /// @param target the arena
    /// @throws OutOfMemoryError if there is not enough memory
    static Region allocateIn(Arena target, Places places, long rangeBytes) {
        return new WholeRegion(places, rangeBytes, target);
    }

    /// {@return the memory of one place, for a worker to write to}
    ///
    /// @param place the index of the place
    /// @throws OutOfMemoryError if there is not enough memory
    MemorySegment segment(int place);

    /// {@return the number of ranges}
    long rangeCount();

    /// {@return one of the ranges}
    ///
    /// @param index 0 to `rangeCount()` − 1
    Range range(long index);

    /// Binds the memory to its arena, which frees it from now on.
    Bound bind();

    /// Frees the memory of a load that failed, unless it has been bound, as far as it can be freed before its arena
    /// is closed.
    void release();

    /// {@return the kind of memory, for a report}
    String description();
}
