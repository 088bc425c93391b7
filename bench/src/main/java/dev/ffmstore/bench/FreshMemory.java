package dev.ffmstore.bench;

import dev.ffmstore.DType;
import dev.ffmstore.LoadPlan;
import dev.ffmstore.Names;
import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.gguf.Shape;
import dev.ffmstore.internal.memory.Region;
import dev.ffmstore.internal.pass.Workers;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Optional;

/// Memory nobody has touched, as a load gets it.
final class FreshMemory {
    /// More than a load takes: the JVM and the page tables want some as well.
    private static final long MARGIN_BYTES = 512L << 20;

    private static final int THREADS = 2;

    /// Longer than Linux waits before it looks for free memory (`PAGE_REPORTING_DELAY`, 2 s).
    private static final long HOLD_MILLIS = 2500;

    /// A machine has so much at hand in any case: a smaller pass need not wait.
    private static final long LARGE_BYTES = 512L << 20;

    private FreshMemory() {}

    /// Touches as much memory as a pass will take, holds it for a while, and frees it.
    ///
    /// A virtual machine gives free memory back to its host, and whoever touches it next waits for the host, ten
    /// times as long as for the kernel. Linux looks for such memory two seconds after something was freed, and
    /// takes
    /// what is free then. While this holds its memory that search ends; the next begins two seconds after it lets
    /// go. So a pass that comes right after this meets memory that is the machine's own, whatever ran before.
    ///
    /// @param byteSize how much the pass will take
    static void claim(long byteSize) throws Exception {
        LoadPlan plan = oneSlot("fresh memory", byteSize + MARGIN_BYTES);
        try (Arena arena = Arena.ofShared()) {
            Region region = Region.allocate(plan, arena, arena);
            try {
                Workers.run(THREADS, region.rangeCount(), () -> index -> Fill.TOUCH.write(region, index), () -> {});
                if (byteSize >= LARGE_BYTES) {
                    Thread.sleep(HOLD_MILLIS);
                }
            } finally {
                region.release();
            }
        }
    }

    /// {@return a plan of a region without any tensors' borders}
    ///
    /// @param source what a report calls it
    /// @param byteSize its size
    static LoadPlan oneSlot(String source, long byteSize) {
        LoadPlan.Slot slot = new LoadPlan.Slot(
                "region", GgmlType.I8, DType.I8, Shape.of(byteSize), 0, byteSize, 0, byteSize, Optional.empty());
        return new LoadPlan(
                source,
                List.of(slot),
                byteSize,
                byteSize,
                byteSize,
                0,
                List.of(),
                List.of(),
                Names.gguf().convention());
    }
}
