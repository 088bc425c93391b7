package dev.ffmstore.bench.run;

import dev.ffmstore.TensorPlan;
import dev.ffmstore.TensorSlot;
import dev.ffmstore.internal.memory.Region;
import dev.ffmstore.internal.pass.Pass;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.List;

/// Allocates memory as a load does, and works on it as a load does.
public final class Regions {
    /// How much a load's workers take at a time.
    private static final long RANGE_BYTES = 2L << 20;

    private Regions() {}

    /// {@return memory with a place for each size, one place after the other}
    ///
    /// @param byteSizes the sizes in bytes, multiples of 64 except for the last one
    public static Region allocate(Arena arena, long... byteSizes) {
        long[] ends = byteSizes.clone();
        for (int i = 1; i < ends.length; i++) {
            ends[i] += ends[i - 1];
        }
        return allocate(
                arena,
                new Region.Places(
                        byteSizes.length,
                        place -> ends[place] - byteSizes[place],
                        place -> byteSizes[place],
                        ends[ends.length - 1]));
    }

    /// {@return memory for the slots of a plan}
    public static Region allocate(Arena arena, TensorPlan plan) {
        List<TensorSlot> slots = plan.slots();
        return allocate(
                arena,
                new Region.Places(
                        slots.size(),
                        place -> slots.get(place).offset(),
                        place -> slots.get(place).byteSize(),
                        plan.regionBytes()));
    }

    private static Region allocate(Arena arena, Region.Places places) {
        return Region.allocate("benchmark", places, RANGE_BYTES, 0, arena, arena);
    }

    /// Does pieces of work with several workers.
    public static void run(int threads, long count, Pass.TaskFactory tasks) throws IOException {
        new Pass(threads, "interrupted").run(count, tasks, _ -> {});
    }
}
