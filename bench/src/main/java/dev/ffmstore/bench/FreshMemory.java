package dev.ffmstore.bench;

import dev.ffmstore.DType;
import dev.ffmstore.LoadPlan;
import dev.ffmstore.Names;
import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.gguf.Shape;
import dev.ffmstore.internal.decode.Workers;
import dev.ffmstore.internal.memory.Region;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Optional;

/// Memory nobody has touched, as a load gets it.
final class FreshMemory {
    /// More than a load takes: the JVM and the page tables want some as well.
    private static final long MARGIN_BYTES = 512L << 20;

    private static final int THREADS = 2;

    private FreshMemory() {}

    /// Touches as much memory as a pass will take, and frees it.
    ///
    /// A virtual machine gives free memory back to its host after a second or two, and whoever touches it next
    /// waits for the host, ten times as long as for the kernel. What has just been freed is still the machine's
    /// own; so each pass that is timed comes right after this and meets the same state, whatever ran before.
    ///
    /// @param byteSize how much the pass will take
    static void claim(long byteSize) throws Exception {
        LoadPlan plan = oneSlot("fresh memory", byteSize + MARGIN_BYTES);
        try (Arena arena = Arena.ofShared()) {
            Region region = Region.allocate(plan, arena, arena);
            try {
                Workers.run(THREADS, region.rangeCount(), () -> index -> Fill.TOUCH.write(region, index), () -> {});
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
