package dev.ffmstore;

import dev.ffmstore.ggml.BlockDecoders;
import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.gguf.Source;
import dev.ffmstore.internal.memory.Region;
import dev.ffmstore.internal.pass.Workers;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/// Fills a region: each range of it is decoded by the worker that took it.
///
/// A range holds the blocks that *start* in it. The last of them may end a little behind it, in a place that is no
/// other worker's. Of a tensor that the plan converts, a range holds the bytes that are in it.
public final class RegionLoad {
    /// What a load takes besides the region and the workers' buffers: parsing, tables, thread stacks.
    private static final long OVERHEAD_BYTES = 16L << 20;

    private final LoadPlan plan;
    private final Source source;
    private final BlockDecoders decoders;
    private final Region region;
    private final Arena arena;
    private final AtomicLong doneBytes = new AtomicLong();

    /// @param plan what goes where
    /// @param source where the blocks are
    /// @param decoders which decoders to use
    /// @param region where the elements go
    /// @param arena where the workers' input buffers come from
    public RegionLoad(LoadPlan plan, Source source, BlockDecoders decoders, Region region, Arena arena) {
        this.plan = plan;
        this.source = source;
        this.decoders = decoders;
        this.region = region;
        this.arena = arena;
    }

    /// {@return how much memory a load takes at its peak, in bytes}
    ///
    /// @param regionBytes the size of the region
    /// @param threads how many workers
    public static long peakBytes(long regionBytes, int threads) {
        long others = OVERHEAD_BYTES + (long) threads * BlockStream.INPUT_BYTES;
        return regionBytes > Long.MAX_VALUE - others ? Long.MAX_VALUE : regionBytes + others;
    }

    /// {@return how many of the workers asked for have something to do, 1 or more}
    public int workers(int threads) {
        return Workers.useful(threads, region.rangeCount());
    }

    /// {@return how many dense bytes have been written, from any thread}
    public long doneBytes() {
        return doneBytes.get();
    }

    /// Fills the region; see [Workers#run].
    public void run(int threads, Runnable tick) throws Exception {
        Workers.run(threads, region.rangeCount(), this::newTask, tick);
    }

    private Workers.Task newTask() {
        BlockStream blocks = new BlockStream(source, decoders, arena);
        SlotReader reader = new SlotReader(blocks, arena);
        return index -> fill(region.range(index), blocks, reader);
    }

    private void fill(Region.Range range, BlockStream blocks, SlotReader reader) throws IOException {
        List<LoadPlan.Slot> slots = plan.slots();
        for (int i = plan.firstSlotBehind(range.from());
                i < slots.size() && slots.get(i).offset() < range.to();
                i++) {
            LoadPlan.Slot slot = slots.get(i);
            if (!slot.isDirect()) {
                convert(range, slot, i, reader);
                continue;
            }
            GgmlType type = slot.type();
            long first = blockAtOrBehind(slot, range.from());
            long end = blockAtOrBehind(slot, range.to());
            if (first < end) {
                blocks.decode(slot, first, end - first, region.segment(i), first * type.denseBlockBytes());
                doneBytes.addAndGet((end - first) * type.denseBlockBytes());
            }
        }
    }

    /// Elements that are not what the blocks decode to go through the reader's tile, and need not be cut at blocks.
    private void convert(Region.Range range, LoadPlan.Slot slot, int index, SlotReader reader) throws IOException {
        long from = Math.clamp(range.from() - slot.offset(), 0, slot.byteSize());
        long to = Math.clamp(range.to() - slot.offset(), 0, slot.byteSize());
        if (from < to) {
            reader.read(slot, from, region.segment(index).asSlice(from, to - from));
            doneBytes.addAndGet(to - from);
        }
    }

    /// The first block of a tensor that starts at an offset of the region or behind it; their number if none does.
    private static long blockAtOrBehind(LoadPlan.Slot slot, long offset) {
        long inside = Math.clamp(offset - slot.offset(), 0, slot.byteSize());
        return Math.ceilDiv(inside, (long) slot.type().denseBlockBytes());
    }
}
