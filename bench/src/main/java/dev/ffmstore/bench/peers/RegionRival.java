package dev.ffmstore.bench.peers;

import dev.ffmstore.Model;
import dev.ffmstore.TensorForm;
import dev.ffmstore.TensorPlan;
import dev.ffmstore.TensorSlot;
import dev.ffmstore.bench.run.Regions;
import dev.ffmstore.ggml.BlockDecoder;
import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.gguf.Source;
import dev.ffmstore.internal.memory.Region;
import dev.ffmstore.internal.pass.Pass;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Function;

/// Runs somebody else's decoders as ours are run: with the store's own memory, workers, ranges and reads.
///
/// @param decoders finds the decoders, or throws what says why they are missing
record RegionRival(Callable<Function<GgmlType, BlockDecoder>> decoders) implements Rival {
    @Override
    public Loaded load(Path model, int threads) throws Exception {
        Function<GgmlType, BlockDecoder> found = decoders.call();
        Arena arena = Arena.ofShared();
        try (Model opened = Model.open(model)) {
            TensorPlan plan = TensorPlan.of(opened, TensorForm.dense());
            Region region = Regions.allocate(arena, plan);
            try {
                Regions.run(
                        threads,
                        region.rangeCount(),
                        worker -> task(plan, opened.source(0), found, region, worker.arena()));
            } catch (Throwable failure) {
                region.release();
                throw failure;
            }
            return new StoreRival.Segments(region.bind().places(), arena::close);
        } catch (Throwable failure) {
            arena.close();
            throw failure;
        }
    }

    private static Pass.Task task(
            TensorPlan plan, Source source, Function<GgmlType, BlockDecoder> decoders, Region region, Arena arena) {
        BlockReader blocks =
                new BlockReader(source, decoders, arena.allocate(BlockReader.INPUT_BYTES, TensorPlan.ALIGNMENT));
        return index -> fill(plan.slots(), region, region.range(index), blocks);
    }

    /// Decodes the blocks that start in a range.
    private static void fill(List<TensorSlot> slots, Region region, Region.Range range, BlockReader blocks)
            throws IOException {
        for (int i = 0; i < slots.size(); i++) {
            TensorSlot slot = slots.get(i);
            if (slot.end() <= range.from() || slot.offset() >= range.to()) {
                continue;
            }
            long first = firstBlock(slot, range.from());
            long end = firstBlock(slot, range.to());
            if (first < end) {
                blocks.decode(slot, first, end - first, region.segment(i));
            }
        }
    }

    private static long firstBlock(TensorSlot slot, long offset) {
        long inside = Math.clamp(offset - slot.offset(), 0, slot.byteSize());
        return Math.ceilDiv(inside, (long) ((GgmlType) slot.type()).denseBlockBytes());
    }
}
