package dev.ffmstore;

import dev.ffmstore.ggml.BlockDecoders;
import dev.ffmstore.gguf.Metadata;
import dev.ffmstore.internal.memory.MemoryBudget;
import dev.ffmstore.internal.memory.Region;
import dev.ffmstore.internal.pass.Pass;
import dev.ffmstore.internal.text.Problem;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// Loads the tensors of a plan into memory: each range of the region is filled by the worker that took it.
///
/// A range holds the blocks that *start* in it. The last of them may end a little after it, in a place that is no
/// other worker's. Of a tensor whose bytes are copied or converted, a range holds exactly the bytes that fall into
/// it.
final class StoreLoader {
    private static final System.Logger LOG = System.getLogger("dev.ffmstore.TensorStore"); // the name that users know

    /// What a load has brought into memory.
    ///
    /// @param segments the memory of each slot of the plan, writable
    /// @param metadata the model's metadata, which lives as long as the segments
    /// @param report how the load went
    /// @param closed to be run after the arena has been closed
    record Loaded(List<MemorySegment> segments, Metadata metadata, LoadReport report, Runnable closed) {}

    private final Model model;
    private final TensorForm form;
    private final TensorPlan plan;
    private final LoadOptions options;
    private final BlockDecoders decoders;

    StoreLoader(Model model, TensorForm form, LoadOptions options) throws IOException {
        this.model = model;
        this.form = form;
        this.options = options;
        this.plan = TensorPlan.of(model, form);
        this.decoders = options.effort().decoder().decoders(plan.denseBytes());
        if (options.memoryCheck()) {
            checkMemory();
        }
    }

    TensorPlan plan() {
        return plan;
    }

    /// Loads into an arena, which is the store's own or the caller's.
    ///
    /// @param target the arena
    /// @param isOwn whether the arena is the store's own, so that nothing else uses it
    Loaded load(Arena target, boolean isOwn) throws IOException {
        long start = System.nanoTime();
        try (Arena working = Arena.ofShared()) {
            Region region = isOwn
                    ? Region.allocate(
                            plan.source(), places(), Transfer.RANGE_BYTES, plan.headerBytes(), working, target)
                    : Region.allocateIn(target, places(), Transfer.RANGE_BYTES);
            Region.Bound bound;
            Metadata metadata;
            try {
                fill(region);
                model.checkUnchanged();
                bound = region.bind();
                metadata = model.metadata().copyTo(bound.more());
            } catch (Throwable failure) {
                region.release();
                throw failure;
            }
            sayThatScalesWereLeft();
            return new Loaded(bound.places(), metadata, report(region, System.nanoTime() - start), bound.closed());
        } catch (OutOfMemoryError e) {
            throw outOfMemory(e);
        }
    }

    private LoadReport report(Region region, long nanos) {
        return new LoadReport(
                plan.slots().size(),
                plan.sourceBytes(),
                plan.denseBytes(),
                nanos / 1e9,
                Pass.useful(options.threads(), region.rangeCount()),
                decoders.toString(),
                region.description(),
                plan.scaledTensors(),
                plan.unscaled().size());
    }

    private Region.Places places() {
        List<TensorSlot> slots = plan.slots();
        return new Region.Places(
                slots.size(),
                place -> slots.get(place).offset(),
                place -> slots.get(place).byteSize(),
                plan.regionBytes());
    }

    private void fill(Region region) throws IOException {
        ProgressListener listener = options.effort().progress();
        Pass pass = new Pass(
                options.threads(), Problem.of(model.name(), "load interrupted").toString());
        pass.run(
                region.rangeCount(),
                worker -> {
                    TensorReader reader = TensorReader.of(model, decoders, worker.arena());
                    return index -> worker.add(fill(region.range(index), region, reader));
                },
                done -> listener.progress(done, plan.denseBytes()));
        listener.progress(plan.denseBytes(), plan.denseBytes());
    }

    /// {@return how many dense bytes have been written}
    private long fill(Region.Range range, Region region, TensorReader reader) throws IOException {
        List<TensorSlot> slots = plan.slots();
        long written = 0;
        for (int i = plan.firstSlotAfter(range.from());
                i < slots.size() && slots.get(i).offset() < range.to();
                i++) {
            TensorSlot slot = slots.get(i);
            written += slot.isDecodedInPlace()
                    ? decode(range, slot, region.segment(i), reader)
                    : read(range, slot, region.segment(i), reader);
        }
        return written;
    }

    private static long decode(Region.Range range, TensorSlot slot, MemorySegment memory, TensorReader reader)
            throws IOException {
        int blockBytes = slot.decodedBlockBytes();
        long first = firstBlock(slot, range.from());
        long end = firstBlock(slot, range.to());
        if (first < end) {
            reader.readBlocks(slot, first, end - first, memory, first * blockBytes);
        }
        return (end - first) * blockBytes;
    }

    private static long read(Region.Range range, TensorSlot slot, MemorySegment memory, TensorReader reader)
            throws IOException {
        long from = Math.clamp(range.from() - slot.offset(), 0, slot.byteSize());
        long to = Math.clamp(range.to() - slot.offset(), 0, slot.byteSize());
        if (from < to) {
            reader.read(slot, from, memory.asSlice(from, to - from));
        }
        return to - from;
    }

    /// Finds the first block of a tensor that starts at or after an offset of the region; the number of blocks if
    /// none does.
    private static long firstBlock(TensorSlot slot, long offset) {
        long inside = Math.clamp(offset - slot.offset(), 0, slot.byteSize());
        return Math.ceilDiv(inside, (long) slot.decodedBlockBytes());
    }

    /// Logs what became of companion scales, in a load that was not told what to do with them.
    private void sayThatScalesWereLeft() {
        if (form.scales() != TensorForm.Scales.UNDECIDED || plan.unscaled().isEmpty()) {
            return;
        }
        int count = plan.unscaled().size();
        LOG.log(
                System.Logger.Level.INFO,
                Problem.of(
                                model.name(),
                                count == 1
                                        ? "{} tensor has a companion scale, which was not applied; TensorForm.scales"
                                        : "{} tensors have companion scales, which were not applied; TensorForm.scales",
                                count)
                        .toString());
        for (String tensor : plan.unscaled()) {
            model.companion(model.tensor(tensor))
                    .flatMap(CompanionScale::problem)
                    .ifPresent(problem -> LOG.log(
                            System.Logger.Level.WARNING,
                            Problem.ofSentence(model.name(), problem).toString()));
        }
    }

    private void checkMemory() throws InsufficientMemoryException {
        MemoryBudget.Budget budget = MemoryBudget.ofThisProcess().orElse(null);
        long required = plan.peakBytes(options.threads());
        if (budget != null && required > budget.availableBytes()) {
            throw new InsufficientMemoryException(
                    Problem.of(
                                    plan.source(),
                                    "not enough memory: the load takes {} bytes, available are {} ({})",
                                    required,
                                    budget.availableBytes(),
                                    budget.limit())
                            .toString(),
                    required,
                    budget.availableBytes());
        }
    }

    private InsufficientMemoryException outOfMemory(OutOfMemoryError e) {
        long available = MemoryBudget.ofThisProcess()
                .map(MemoryBudget.Budget::availableBytes)
                .orElse(-1L);
        long required = plan.peakBytes(options.threads());
        InsufficientMemoryException failure = new InsufficientMemoryException(
                Problem.of(plan.source(), "out of memory: the load takes {} bytes: {}", required, e.getMessage())
                        .toString(),
                required,
                available);
        failure.initCause(e);
        return failure;
    }
}
