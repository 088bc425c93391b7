package dev.ffmstore.export;

import dev.ffmstore.LoadPlan;
import dev.ffmstore.TensorStore;
import dev.ffmstore.gguf.Source;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Objects;

/// A loaded store as the source of a plan: its tensors' bytes, each at its slot's offset. Owns nothing.
public final class StoreBytes implements Source {
    private final TensorStore store;
    private final LoadPlan plan;

    /// @param store the store
    public StoreBytes(TensorStore store) {
        this.store = store;
        this.plan = store.plan();
    }

    @Override
    public String name() {
        return store.name();
    }

    @Override
    public long size() {
        return plan.regionBytes();
    }

    @Override
    public Identity identity() {
        return new Identity(size(), "", "");
    }

    /// Bytes between tensors, which are no tensor's, are left as they are.
    @Override
    public void read(long offset, MemorySegment target) throws IOException {
        Objects.checkFromIndexSize(offset, target.byteSize(), size());
        long end = offset + target.byteSize();
        List<LoadPlan.Slot> slots = plan.slots();
        for (int i = plan.firstSlotBehind(offset);
                i < slots.size() && slots.get(i).offset() < end;
                i++) {
            LoadPlan.Slot slot = slots.get(i);
            long from = Math.max(offset, slot.offset());
            long to = Math.min(end, slot.end());
            if (from < to) {
                MemorySegment.copy(
                        store.tensor(slot.name()).segment(), from - slot.offset(), target, from - offset, to - from);
            }
        }
    }

    @Override
    public void close() {
        // The store is its caller's.
    }
}
