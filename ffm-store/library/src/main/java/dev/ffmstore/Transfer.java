package dev.ffmstore;

/// How much moves at a time: the sizes of buffers and ranges, in one place, which both the plan's estimate and the
/// workers read.
final class Transfer {
    /// What a worker takes of a region at a time: a huge page, so that no two workers fault on the same one.
    static final long RANGE_BYTES = 2L << 20;

    /// The blocks that a reader holds: enough to make a system call cheap, little enough to stay in the
    /// second-level cache beside the output.
    static final int INPUT_BYTES = 256 << 10;

    /// The floats that a reader holds, if it reads what does not go straight to its place.
    static final int TILE_BYTES = 256 << 10;

    /// What a reader holds, if it reads cut elements or into a Java array.
    static final int PIECE_BYTES = 64 << 10;

    /// What a load takes besides the region and the readers' buffers: parsing, tables, thread stacks.
    private static final long OVERHEAD_BYTES = 16L << 20;

    private Transfer() {}

    /// {@return how much memory a load takes at its peak, in bytes}
    ///
    /// @param regionBytes the region, and what is copied into it besides
    /// @param workers how many workers there are
    /// @param tiles whether their readers need tiles
    static long peakBytes(long regionBytes, int workers, boolean tiles) {
        long reader = INPUT_BYTES + (tiles ? TILE_BYTES : 0);
        long others = OVERHEAD_BYTES + workers * reader;
        return regionBytes > Long.MAX_VALUE - others ? Long.MAX_VALUE : regionBytes + others;
    }
}
