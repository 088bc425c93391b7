package dev.ffmstore;

import dev.ffmstore.ggml.BlockDecoders;
import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.gguf.GgufException;
import dev.ffmstore.gguf.GgufFile;
import dev.ffmstore.gguf.Shape;
import dev.ffmstore.gguf.TensorInfo;
import dev.ffmstore.internal.decode.CompanionScale;
import dev.ffmstore.internal.decode.RegionLoad;
import dev.ffmstore.internal.text.Printable;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

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
/// @param unscaled the names of those tensors whose companion scales are not applied, in the order of the slots
public record LoadPlan(
        String source,
        List<Slot> slots,
        long sourceBytes,
        long denseBytes,
        long regionBytes,
        long headerBytes,
        List<String> unscaled) {
    /// What every tensor's place is a multiple of, in bytes: a cache line, and the alignment of the widest vector.
    public static final int ALIGNMENT = 64;

    /// What a worker takes at a time of a mapped region.
    private static final long RANGE_BYTES = 2 << 20;

    /// A tensor's part of a plan.
    ///
    /// @param name the name
    /// @param type how it is stored
    /// @param dtype what its elements become
    /// @param shape row-major, outermost first
    /// @param sourceOffset where its blocks start in the file, in bytes
    /// @param sourceBytes the size of its blocks in bytes
    /// @param offset where it starts in the region, in bytes
    /// @param byteSize its dense size in bytes
    /// @param scale what its elements are multiplied by, if they are; see [LoadOptions#applyScales(boolean)]
    public record Slot(
            String name,
            GgmlType type,
            DType dtype,
            Shape shape,
            long sourceOffset,
            long sourceBytes,
            long offset,
            long byteSize,
            Optional<Scale> scale) {

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

    /// Copies the lists.
    public LoadPlan {
        slots = List.copyOf(slots);
        unscaled = List.copyOf(unscaled);
    }

    /// Plans a load.
    ///
    /// @param file what to load from
    /// @param options which tensors, in which form
    /// @return the plan
    /// @throws GgufException if a chosen tensor's type cannot be decoded, or the tensors together are larger than a
    /// signed 64-bit size, or a companion scale that is to be applied is malformed
    /// @throws IllegalArgumentException if a pattern of the filter matches no tensor
    public static LoadPlan of(GgufFile file, LoadOptions options) throws GgufException {
        Predicate<String> chosen = options.filter()
                .over(file.tensors().stream().map(TensorInfo::name).toList());
        List<Slot> slots = new ArrayList<>();
        List<String> unscaled = new ArrayList<>();
        long sourceBytes = 0;
        long denseBytes = 0;
        long end = 0;
        try {
            for (TensorInfo tensor : file.tensors()) {
                if (!chosen.test(tensor.name())) {
                    continue;
                }
                requireDecoder(file, tensor);
                Optional<CompanionScale> companion = CompanionScale.of(file, tensor);
                Optional<Scale> scale = Optional.empty();
                if (companion.isPresent() && options.applyScales().orElse(false)) {
                    scale = Optional.of(Scale.of(wellFormed(file, companion.get())));
                } else if (companion.isPresent()) {
                    unscaled.add(tensor.name());
                }
                long offset = Math.addExact(end, ALIGNMENT - 1) & -ALIGNMENT;
                Slot slot = new Slot(
                        tensor.name(),
                        tensor.type(),
                        DType.denseOf(tensor.type()),
                        tensor.shape(),
                        tensor.offset(),
                        tensor.byteSize(),
                        offset,
                        tensor.denseByteSize(),
                        scale);
                slots.add(slot);
                end = Math.addExact(offset, slot.byteSize());
                sourceBytes += slot.sourceBytes();
                denseBytes += slot.byteSize();
            }
        } catch (ArithmeticException e) {
            throw GgufException.of(file.name(), "all tensors together are larger than a signed 64-bit size");
        }
        return new LoadPlan(file.name(), slots, sourceBytes, denseBytes, end, file.dataOffset(), unscaled);
    }

    /// {@return how much memory a load takes at its peak, beside the JVM itself, in bytes: the tensors, the
    /// metadata (which the file and the store both hold for a moment), the workers' buffers and a small constant}
    ///
    /// @param threads how many workers are asked for; those that would find nothing to do do not count
    public long peakBytes(int threads) {
        long pieces = Math.max(slots.size(), regionBytes / RANGE_BYTES + 1);
        int workers = (int) Math.min(threads, pieces);
        return RegionLoad.peakBytes(Math.addExact(regionBytes, 2 * headerBytes), workers);
    }

    private static void requireDecoder(GgufFile file, TensorInfo tensor) throws GgufException {
        if (!BlockDecoders.scalar().supports(tensor.type())) {
            throw GgufException.of(
                    file.name(),
                    "tensor " + Printable.escape(tensor.name()) + " is of type " + tensor.type()
                            + ", which has no decoder");
        }
    }

    private static TensorInfo wellFormed(GgufFile file, CompanionScale companion) throws GgufException {
        if (companion.problem().isPresent()) {
            throw GgufException.of(file.name(), companion.problem().get());
        }
        return companion.scale();
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
                    slot.scale()
                            .map(scale -> " × " + Printable.escape(scale.name()))
                            .orElse("")));
        }
        return table.append(String.format(
                        "%d tensors, %d bytes in the file, %d bytes dense", slots.size(), sourceBytes, denseBytes))
                .append(unscaled.isEmpty() ? "" : ", " + unscaled.size() + " companion scales not applied")
                .toString();
    }
}
