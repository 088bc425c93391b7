package dev.ffmstore;

/// The sizes of buffers and ranges, in one place, which both the plan's estimate and the workers use.
final class Transfer {
    /// How much of a region a worker takes at a time: a huge page, so that no two workers fault on the same one.
    static final long RANGE_BYTES = 2L << 20;

    /// The size of a reader's buffer of blocks: large enough to make a system call cheap, small enough to stay in
    /// the second-level cache beside the output.
    static final int INPUT_BYTES = 256 << 10;

    /// The size of a reader's tile of floats, if it reads anything that does not go straight to its place.
    static final int TILE_BYTES = 256 << 10;

    /// The size of a reader's piece, if it reads cut elements or into a Java array.
    static final int PIECE_BYTES = 64 << 10;

    /// The size of a reader's buffer of elements of stored rows, if it reads anything that is transposed.
    static final int GATHER_BYTES = 64 << 10;

    /// What a load takes beyond the region and the readers' buffers: parsing, tables, thread stacks.
    private static final long OVERHEAD_BYTES = 16L << 20;

    private Transfer() {}

    /// {@return how much memory a load takes at its peak, in bytes}
    ///
    /// @param regionBytes the size of the region and of the metadata
    /// @param workers the number of workers
    /// @param tiles whether their readers need tiles
    static long peakBytes(long regionBytes, int workers, boolean tiles) {
        long reader = INPUT_BYTES + (tiles ? TILE_BYTES + GATHER_BYTES : 0);
        long others = OVERHEAD_BYTES + workers * reader;
        return regionBytes > Long.MAX_VALUE - others ? Long.MAX_VALUE : regionBytes + others;
    }
}
