package dev.ffmstore.bench.run;

import dev.ffmstore.internal.memory.Region;
import java.lang.foreign.Arena;

/// Provides memory that nobody has touched, as a load gets it.
public final class FreshMemory {
    /// How much more than a load takes must be free: the JVM and the page tables need some too.
    private static final long MARGIN_BYTES = 512L << 20;

    private static final int THREADS = 2;

    /// How long memory is held: longer than Linux waits before it looks for free memory (`PAGE_REPORTING_DELAY`, 2
    /// s).
    private static final long HOLD_MILLIS = 2500;

    /// How much memory a machine has at hand in any case, so that a smaller pass need not wait.
    private static final long LARGE_BYTES = 512L << 20;

    private FreshMemory() {}

    /// Touches as much memory as a pass will take, holds it for a while, and frees it.
    ///
    /// A virtual machine gives free memory back to its host, and whoever touches it next waits for the host, ten
    /// times as long as for the kernel. Linux looks for such memory two seconds after something was freed, and
    /// takes what is free then. That search ends while this method holds its memory; the next begins two seconds
    /// after the memory is freed. So a pass right after this gets memory that is the machine's own, whatever ran
    /// before.
    ///
    /// @param byteSize how many bytes the pass will take
    public static void claim(long byteSize) throws Exception {
        try (Arena arena = Arena.ofShared()) {
            Region region = Regions.allocate(arena, byteSize + MARGIN_BYTES);
            try {
                Regions.run(THREADS, region.rangeCount(), _ -> index -> Fill.TOUCH.write(region, index));
                if (byteSize >= LARGE_BYTES) {
                    Thread.sleep(HOLD_MILLIS);
                }
            } finally {
                region.release();
            }
        }
    }
}
