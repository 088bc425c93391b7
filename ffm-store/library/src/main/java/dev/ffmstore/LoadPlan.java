package dev.ffmstore;

import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.gguf.GgufException;
import dev.ffmstore.gguf.GgufFile;
import dev.ffmstore.gguf.Shape;
import dev.ffmstore.gguf.TensorInfo;
import dev.ffmstore.internal.text.Printable;
import java.util.List;
import java.util.Optional;

/// What a load will do: which tensor goes where, in which form. Plain immutable data that prints as a table,
/// compares by value, and has allocated nothing.
///
/// @param source the name of the file
/// @param slots the tensors to load, in the order of the file's tensor infos, their places ascending and not
/// overlapping
/// @param sourceBytes how many bytes of blocks are read
/// @param denseBytes the dense size of all tensors
/// @param regionBytes the dense size with the padding between tensors: how much memory the tensors take
/// @param headerBytes the size of the file's header, which holds the metadata
/// @param unscaled the stored names of those tensors whose companion scales are not applied, in the order of
/// the slots
/// @param aliases further names of tensors, in the order of the slots; they take no memory
/// @param convention the convention of names and layouts: `gguf`, `hf`, or the name of a user's table
public record LoadPlan(
        String source,
        List<Slot> slots,
        long sourceBytes,
        long denseBytes,
        long regionBytes,
        long headerBytes,
        List<String> unscaled,
        List<Alias> aliases,
        String convention) {
    /// What every tensor's place is a multiple of, in bytes: a cache line, and the alignment of the widest vector.
    public static final int ALIGNMENT = 64;

    /// What a worker takes at a time of a mapped region.
    private static final long RANGE_BYTES = 2 << 20;

    /// A tensor's part of a plan.
    ///
    /// @param name the name, in the convention of the plan
    /// @param type how it is stored
    /// @param dtype what its elements become
    /// @param shape row-major, outermost first
    /// @param sourceOffset where its blocks start in the file, in bytes
    /// @param sourceBytes the size of its blocks in bytes
    /// @param offset where it starts in the region, in bytes
    /// @param byteSize its dense size in bytes
    /// @param scale what its elements are multiplied by, if they are; see [LoadOptions#applyScales(boolean)]
    /// @param storedName its name in the model
    /// @param rowOrder where its rows come from
    /// @param storedOffset what the model has added to every element, taken off again; 0 for almost all tensors
    public record Slot(
            String name,
            GgmlType type,
            DType dtype,
            Shape shape,
            long sourceOffset,
            long sourceBytes,
            long offset,
            long byteSize,
            Optional<Scale> scale,
            String storedName,
            RowOrder rowOrder,
            float storedOffset) {

        /// A slot for a tensor that keeps its name, its rows and its values.
        public Slot(
                String name,
                GgmlType type,
                DType dtype,
                Shape shape,
                long sourceOffset,
                long sourceBytes,
                long offset,
                long byteSize,
                Optional<Scale> scale) {
            this(
                    name,
                    type,
                    dtype,
                    shape,
                    sourceOffset,
                    sourceBytes,
                    offset,
                    byteSize,
                    scale,
                    name,
                    RowOrder.AS_STORED,
                    0);
        }

        /// {@return whether decoded blocks are the tensor's elements already: nothing is converted, moved or
        /// taken off}
        public boolean isDirect() {
            return dtype == DType.denseOf(type) && keepsElements();
        }

        /// {@return whether nothing is moved or taken off}
        public boolean keepsElements() {
            return rowOrder.equals(RowOrder.AS_STORED) && storedOffset == 0;
        }

        /// {@return where it ends in the region, in bytes}
        public long end() {
            return offset + byteSize;
        }
    }

    /// A companion scale that the load applies.
    ///
    /// @param name the name of the tensor that holds it
    /// @param type how it is stored: F32, F16 or BF16
    /// @param sourceOffset where its elements start in the file, in bytes
    /// @param count how many elements there are: one for the whole tensor, or one for each outermost slice
    public record Scale(String name, GgmlType type, long sourceOffset, long count) {
        static Scale of(TensorInfo tensor) {
            return new Scale(
                    tensor.name(),
                    tensor.type(),
                    tensor.offset(),
                    tensor.shape().elementCount());
        }
    }

    /// Another name of a tensor: tied weights are stored once, and wanted twice.
    ///
    /// @param name the other name
    /// @param of the name of the slot
    public record Alias(String name, String of) {}

    /// Copies the lists.
    public LoadPlan {
        slots = List.copyOf(slots);
        unscaled = List.copyOf(unscaled);
        aliases = List.copyOf(aliases);
    }

    /// Plans a load.
    ///
    /// @param file what to load from
    /// @param options which tensors, in which form
    /// @return the plan
    /// @throws GgufException if a chosen tensor's type cannot be decoded, or the tensors together are larger than a
    /// signed 64-bit size, or a companion scale that is to be applied is malformed, or the convention of names
    /// does not know the model or one of its tensors, or gives a name twice
    /// @throws IllegalArgumentException if a pattern of the filter or of the types matches no tensor
    public static LoadPlan of(GgufFile file, LoadOptions options) throws GgufException {
        return Planner.plan(file, options);
    }

    /// Plans another form of tensors that have been loaded: for this plan the store is a model of plain tensors, in
    /// its own names, and its region the file.
    ///
    /// @param store what has been loaded
    /// @param options which tensors, in which form. Patterns match the store's names. Tensors that are F16 or
    /// BF16 in the store stay so
    /// @return the plan, whose slots say where in the store's region a tensor is
    /// @throws GgufException if the convention of names does not know the model or one of its tensors, or gives
    /// a name twice
    /// @throws IllegalArgumentException if a pattern matches no tensor, or if both the store and the options have a
    /// convention of names other than the model's own
    /// @throws IllegalStateException if the store has been closed
    public static LoadPlan of(TensorStore store, LoadOptions options) throws GgufException {
        return Planner.plan(store, options);
    }

    /// {@return the index of the first slot that ends behind an offset of the region; their number if none does}
    ///
    /// @param offset in bytes
    public int firstSlotBehind(long offset) {
        int low = 0;
        int high = slots.size();
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (slots.get(middle).end() > offset) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return low;
    }

    /// {@return how much memory a load takes at its peak, beside the JVM itself, in bytes: the tensors, the
    /// metadata (which the file and the store both hold for a moment), the workers' buffers and a small constant}
    ///
    /// @param threads how many workers are asked for; those that would find nothing to do do not count
    public long peakBytes(int threads) {
        long pieces = Math.max(slots.size(), regionBytes / RANGE_BYTES + 1);
        int workers = (int) Math.min(threads, pieces);
        long tiles = slots.stream().allMatch(Slot::isDirect) ? 0 : (long) workers * SlotReader.TILE_BYTES;
        return RegionLoad.peakBytes(Math.addExact(regionBytes, 2 * headerBytes + tiles), workers);
    }

    /// {@return a table of the slots, a line each, and a line of totals}
    @Override
    public String toString() {
        StringBuilder table = new StringBuilder();
        int width = slots.stream()
                .mapToInt(slot -> Printable.escape(slot.name()).length())
                .max()
                .orElse(4);
        String row = "%-" + width + "s  %-8s %-5s %15d %15d  %s%s%n";
        for (Slot slot : slots) {
            table.append(String.format(
                    row,
                    Printable.escape(slot.name()),
                    slot.type(),
                    slot.dtype(),
                    slot.sourceBytes(),
                    slot.byteSize(),
                    slot.shape(),
                    changes(slot)));
        }
        for (Alias alias : aliases) {
            table.append(String.format("%s = %s%n", Printable.escape(alias.name()), Printable.escape(alias.of())));
        }
        return table.append(String.format(
                        "%d tensors, %d bytes in the file, %d bytes dense", slots.size(), sourceBytes, denseBytes))
                .append(unscaled.isEmpty() ? "" : ", " + unscaled.size() + " companion scales not applied")
                .append(
                        convention.equals(Names.gguf().convention())
                                ? ""
                                : ", names of " + Printable.escape(convention))
                .toString();
    }

    private static String changes(Slot slot) {
        return slot.scale().map(scale -> " × " + Printable.escape(scale.name())).orElse("")
                + (slot.storedOffset() == 0 ? "" : " − " + slot.storedOffset())
                + (slot.rowOrder().equals(RowOrder.AS_STORED) ? "" : ", " + slot.rowOrder())
                + (slot.storedName().equals(slot.name()) ? "" : " ← " + Printable.escape(slot.storedName()));
    }
}
