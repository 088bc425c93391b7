package dev.ffmstore;

import dev.ffmstore.gguf.Source;
import dev.ffmstore.internal.text.Problem;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/// The tensors of a store as the only part of a model, each at its slot's offset. Owns nothing.
final class StoreBytes implements Source {
    private final TensorPlan plan;
    private final List<MemorySegment> segments;

    /// @param plan what was loaded
    /// @param segments the memory of each slot
    StoreBytes(TensorPlan plan, List<MemorySegment> segments) {
        this.plan = plan;
        this.segments = segments;
    }

    @Override
    public String name() {
        return plan.source();
    }

    @Override
    public long size() {
        return plan.regionBytes();
    }

    /// @throws IllegalStateException if the store is closed
    @Override
    public Identity identity() {
        if (!segments.isEmpty() && !segments.getFirst().scope().isAlive()) {
            throw new IllegalStateException(
                    Problem.of(name(), "this store has been closed").toString());
        }
        return new Identity(size(), "", "");
    }

    /// Bytes of the target that belong to no tensor, but are between two, are left as they are.
    @Override
    public void read(long offset, MemorySegment target) {
        Objects.checkFromIndexSize(offset, target.byteSize(), size());
        long end = offset + target.byteSize();
        List<TensorSlot> slots = plan.slots();
        for (int i = plan.firstSlotAfter(offset);
                i < slots.size() && slots.get(i).offset() < end;
                i++) {
            TensorSlot slot = slots.get(i);
            long from = Math.max(offset, slot.offset());
            long to = Math.min(end, slot.end());
            if (from < to) {
                MemorySegment.copy(segments.get(i), from - slot.offset(), target, from - offset, to - from);
            }
        }
    }

    /// {@return the memory of a range within one tensor}
    @Override
    public Optional<MemorySegment> view(long offset, long byteSize) {
        Objects.checkFromIndexSize(offset, byteSize, size());
        int index = plan.firstSlotAfter(offset);
        if (index == plan.slots().size()) {
            return Optional.empty();
        }
        TensorSlot slot = plan.slots().get(index);
        return offset >= slot.offset() && offset + byteSize <= slot.end()
                ? Optional.of(segments.get(index).asSlice(offset - slot.offset(), byteSize))
                : Optional.empty();
    }

    @Override
    public void close() {
        // the store is closed by its owner
    }
}
