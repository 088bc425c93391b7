package dev.ffmstore.export;

import dev.ffmstore.BlockStream;
import dev.ffmstore.LoadPlan;
import dev.ffmstore.SlotReader;
import dev.ffmstore.ggml.BlockDecoders;
import dev.ffmstore.gguf.Source;
import dev.ffmstore.internal.text.Printable;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/// The slots of a plan as constants, and then its aliases.
public final class PlannedConstants implements ConstantSource {
    /// Makes sure that what was planned from still is what it was.
    @FunctionalInterface
    public interface Check {
        /// @throws IOException if it is not
        void run() throws IOException;
    }

    private final LoadPlan plan;
    private final Source source;
    private final BlockDecoders decoders;
    private final Check check;
    private final List<Constant> constants;
    private final Map<String, LoadPlan.Slot> slotOf;

    /// @param plan what the constants are
    /// @param source where the plan's blocks are
    /// @param decoders which decoders to use
    /// @param storedTypes how the model stores a tensor, by the slot's stored name
    /// @param segments what is in memory already, by the slot's name
    /// @param check makes sure that the source has not changed
    public PlannedConstants(
            LoadPlan plan,
            Source source,
            BlockDecoders decoders,
            Map<String, String> storedTypes,
            Map<String, MemorySegment> segments,
            Check check) {
        this.plan = plan;
        this.source = source;
        this.decoders = decoders;
        this.check = check;
        this.slotOf = HashMap.newHashMap(plan.slots().size());
        plan.slots().forEach(slot -> slotOf.put(slot.name(), slot));
        plan.aliases().forEach(alias -> slotOf.put(alias.name(), Objects.requireNonNull(slotOf.get(alias.of()))));
        List<Constant> all = new ArrayList<>();
        plan.slots().forEach(slot -> all.add(constant(slot.name(), Optional.empty(), storedTypes, segments)));
        plan.aliases()
                .forEach(alias -> all.add(constant(alias.name(), Optional.of(alias.of()), storedTypes, segments)));
        this.constants = List.copyOf(all);
    }

    private Constant constant(
            String name,
            Optional<String> aliasOf,
            Map<String, String> storedTypes,
            Map<String, MemorySegment> segments) {
        LoadPlan.Slot slot = slotOf.get(name);
        return new Constant(
                name,
                slot.dtype(),
                slot.shape(),
                slot.byteSize(),
                storedTypes.get(slot.storedName()),
                aliasOf,
                Optional.ofNullable(segments.get(slot.name())));
    }

    @Override
    public String name() {
        return plan.source();
    }

    @Override
    public String convention() {
        return plan.convention();
    }

    @Override
    public List<Constant> constants() {
        return constants;
    }

    @Override
    @SuppressWarnings("MustBeClosed") // the reader that is returned closes the arena
    public ConstantReader openReader() {
        Arena arena = Arena.ofShared();
        return new Reader(arena, new SlotReader(new BlockStream(source, decoders, arena), arena));
    }

    @Override
    public void checkUnchanged() throws IOException {
        check.run();
    }

    private final class Reader implements ConstantReader {
        private final Arena arena;
        private final SlotReader slots;

        Reader(Arena arena, SlotReader slots) {
            this.arena = arena;
            this.slots = slots;
        }

        @Override
        public void read(Constant constant, long offset, MemorySegment target) throws IOException {
            LoadPlan.Slot slot = slotOf.get(constant.name());
            if (slot == null) {
                throw new IllegalArgumentException(
                        Printable.escape(name()) + ": no constant " + Printable.escape(constant.name()));
            }
            if (constant.segment().isPresent()) {
                MemorySegment.copy(constant.segment().get(), offset, target, 0, target.byteSize());
            } else {
                slots.read(slot, offset, target);
            }
        }

        @Override
        public void close() {
            if (arena.scope().isAlive()) {
                arena.close();
            }
        }
    }
}
