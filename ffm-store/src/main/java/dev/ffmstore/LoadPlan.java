package dev.ffmstore;

import dev.ffmstore.ggml.BlockDecoders;
import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.gguf.GgufException;
import dev.ffmstore.gguf.GgufFile;
import dev.ffmstore.gguf.Shape;
import dev.ffmstore.gguf.TensorInfo;
import dev.ffmstore.internal.decode.RegionLoad;
import dev.ffmstore.internal.text.Printable;
import java.util.ArrayList;
import java.util.List;
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
public record LoadPlan(String source, List<Slot> slots, long sourceBytes, long denseBytes, long regionBytes) {
    /// What every tensor's place is a multiple of, in bytes: a cache line, and the alignment of the widest vector.
    public static final int ALIGNMENT = 64;

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
    public record Slot(
            String name,
            GgmlType type,
            DType dtype,
            Shape shape,
            long sourceOffset,
            long sourceBytes,
            long offset,
            long byteSize) {

        /// {@return where it ends in the region, in bytes}
        public long end() {
            return offset + byteSize;
        }
    }

    /// Copies the list.
    public LoadPlan {
        slots = List.copyOf(slots);
    }

    /// Plans a load.
    ///
    /// @param file what to load from
    /// @param options which tensors, in which form
    /// @return the plan
    /// @throws GgufException if a chosen tensor's type cannot be decoded, or the tensors together are larger than a
    /// signed 64-bit size
    /// @throws IllegalArgumentException if a pattern of the filter matches no tensor
    public static LoadPlan of(GgufFile file, LoadOptions options) throws GgufException {
        Predicate<String> chosen = options.filter()
                .over(file.tensors().stream().map(TensorInfo::name).toList());
        List<Slot> slots = new ArrayList<>();
        long sourceBytes = 0;
        long denseBytes = 0;
        long end = 0;
        try {
            for (TensorInfo tensor : file.tensors()) {
                if (!chosen.test(tensor.name())) {
                    continue;
                }
                requireDecoder(file, tensor);
                long offset = Math.addExact(end, ALIGNMENT - 1) & -ALIGNMENT;
                Slot slot = new Slot(
                        tensor.name(),
                        tensor.type(),
                        DType.denseOf(tensor.type()),
                        tensor.shape(),
                        tensor.offset(),
                        tensor.byteSize(),
                        offset,
                        tensor.denseByteSize());
                slots.add(slot);
                end = Math.addExact(offset, slot.byteSize());
                sourceBytes += slot.sourceBytes();
                denseBytes += slot.byteSize();
            }
        } catch (ArithmeticException e) {
            throw GgufException.of(file.name(), "all tensors together are larger than a signed 64-bit size");
        }
        return new LoadPlan(file.name(), slots, sourceBytes, denseBytes, end);
    }

    /// {@return how much memory a load takes at its peak, beside the JVM itself, in bytes: the tensors, the workers' buffers and a small
    /// constant}
    ///
    /// @param threads how many workers there are
    public long peakBytes(int threads) {
        return RegionLoad.peakBytes(regionBytes, threads);
    }

    private static void requireDecoder(GgufFile file, TensorInfo tensor) throws GgufException {
        if (!BlockDecoders.scalar().supports(tensor.type())) {
            throw GgufException.of(
                    file.name(),
                    "tensor " + Printable.escape(tensor.name()) + " is of type " + tensor.type()
                            + ", which has no decoder");
        }
    }

    /// {@return a table of the slots, a line each, and a line of totals}
    @Override
    public String toString() {
        StringBuilder table = new StringBuilder();
        int width = slots.stream()
                .mapToInt(slot -> Printable.escape(slot.name()).length())
                .max()
                .orElse(4);
        String row = "%-" + width + "s  %-8s %-5s %15d %15d  %s%n";
        for (Slot slot : slots) {
            table.append(String.format(
                    row,
                    Printable.escape(slot.name()),
                    slot.type(),
                    slot.dtype(),
                    slot.sourceBytes(),
                    slot.byteSize(),
                    slot.shape()));
        }
        return table.append(String.format(
                        "%d tensors, %d bytes in the file, %d bytes dense", slots.size(), sourceBytes, denseBytes))
                .toString();
    }
}
