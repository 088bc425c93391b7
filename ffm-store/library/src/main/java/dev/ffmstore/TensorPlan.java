package dev.ffmstore;

import dev.ffmstore.gguf.GgufFile;
import dev.ffmstore.internal.text.Printable;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// What becomes of a model's tensors: where each goes, and in which form. Plain immutable data that prints as a
/// table and compares by value. Making a plan allocates nothing off the heap and reads no tensor.
///
/// Everything that can be refused is refused when the plan is made: a tensor that is planned can be read.
///
/// @param source the name of the model
/// @param slots the tensors, in the model's order, their places ascending and not overlapping
/// @param aliases further names of slots; they take no memory
/// @param sourceBytes how many stored bytes are read
/// @param denseBytes the dense size of all tensors
/// @param regionBytes the dense size with the padding between tensors: how many bytes of memory the tensors take
/// @param headerBytes the size of the model's header, which holds the metadata; for a model without a file, the
/// size of the metadata
/// @param unscaled the stored names of those tensors whose companion scales are not applied, in the order of
/// the slots
/// @param convention the convention of names and layouts: `gguf`, `hf`, or the name of a user's table
public record TensorPlan(
        String source,
        List<TensorSlot> slots,
        List<TensorSlot> aliases,
        long sourceBytes,
        long denseBytes,
        long regionBytes,
        long headerBytes,
        List<String> unscaled,
        String convention) {
    /// The alignment of every tensor in the region, in bytes: a cache line, which is also the widest vector.
    public static final int ALIGNMENT = 64;

    /// Copies the lists.
    public TensorPlan {
        slots = List.copyOf(slots);
        aliases = List.copyOf(aliases);
        unscaled = List.copyOf(unscaled);
    }

    /// Plans what becomes of the tensors of a model.
    ///
    /// @param model the model that holds the tensors
    /// @param form which tensors are wanted, in which form
    /// @return the plan
    /// @throws ModelException if a chosen tensor's type cannot be decoded, or the tensors together are larger than
    /// a signed 64-bit size, or a companion scale that is to be applied is malformed, or the convention of names
    /// does not know the model or one of its tensors, or gives a name twice, or the model has a convention of names
    /// that cannot be translated
    /// @throws IllegalArgumentException if a pattern of the filter or of the types matches no tensor
    public static TensorPlan of(Model model, TensorForm form) throws ModelException {
        Planner planner = new Planner(model, form);
        return new TensorPlan(
                model.name(),
                planner.slots(),
                planner.aliases(),
                planner.sourceBytes(),
                planner.denseBytes(),
                planner.regionBytes(),
                model.gguf().stream()
                        .mapToLong(GgufFile::dataOffset)
                        .reduce(Math::addExact)
                        .orElseGet(() -> model.metadata().byteSize()),
                planner.unscaled(),
                planner.convention());
    }

    /// {@return all tensors: the slots, and after them the aliases}
    public List<TensorSlot> tensors() {
        return Stream.concat(slots.stream(), aliases.stream()).toList();
    }

    /// {@return the index of the first slot that ends after an offset of the region; the number of slots if none
    /// does}
    ///
    /// @param offset the offset in bytes
    int firstSlotAfter(long offset) {
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

    /// {@return how much memory a load takes at its peak, besides the JVM itself, in bytes: the tensors, the
    /// metadata (which the model and the store both hold for a moment), the workers' buffers and a small constant}
    ///
    /// @param threads how many workers are asked for; those that would have nothing to do are not counted
    public long peakBytes(int threads) {
        long pieces = Math.max(slots.size(), regionBytes / Transfer.RANGE_BYTES + 1);
        int workers = (int) Math.min(threads, pieces);
        boolean tiles = !slots.stream()
                .allMatch(slot -> slot.keepsElements() && slot.shares().stream().noneMatch(Share::isGathered));
        return Transfer.peakBytes(Math.addExact(regionBytes, 2 * headerBytes), workers, tiles);
    }

    /// {@return how much memory a load of tensors of some size takes at its peak, besides the JVM itself, in bytes:
    /// an estimate for when there is no model to plan yet}
    ///
    /// @param regionBytes the size of the tensors in memory
    /// @param threads the number of workers
    public static long peakBytes(long regionBytes, int threads) {
        return Transfer.peakBytes(regionBytes, threads, false);
    }

    /// {@return how many tensors are multiplied by their companion scales}
    public int scaledTensors() {
        return (int) slots.stream().filter(slot -> slot.scale().isPresent()).count();
    }

    /// {@return a table with a line for each slot, and a line of totals}
    @Override
    public String toString() {
        StringBuilder table = new StringBuilder();
        int width = slots.stream()
                .mapToInt(slot -> Printable.escape(slot.name()).length())
                .max()
                .orElse(4);
        String row = "%-" + width + "s  %-8s %-5s %15d %15d  %s%s%n";
        for (TensorSlot slot : slots) {
            table.append(String.format(
                    row,
                    Printable.escape(slot.name()),
                    slot.type(),
                    slot.dtype(),
                    slot.storedBytes(),
                    slot.byteSize(),
                    slot.shape(),
                    changes(slot)));
        }
        for (TensorSlot alias : aliases) {
            table.append(String.format(
                    "%s = %s%n",
                    Printable.escape(alias.name()),
                    Printable.escape(alias.aliasOf().orElseThrow())));
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

    private static String changes(TensorSlot slot) {
        List<String> stored = slot.shares().stream()
                .map(share -> share.stored().name())
                .distinct()
                .toList();
        boolean renamed = !stored.equals(List.of(slot.name()));
        String from = stored.stream().limit(3).map(Printable::escape).collect(Collectors.joining(" + "))
                + (stored.size() > 3 ? " + " + (stored.size() - 3) + " more" : "");
        return slot.scale()
                        .map(scale -> " × " + Printable.escape(scale.stored().name()))
                        .orElse("")
                + (slot.storedOffset() == 0 ? "" : " − " + slot.storedOffset())
                + (slot.keepsOrder() ? "" : ", in another order")
                + (renamed ? " ← " + from : "")
                + (slot.keepsOrder() && !slot.keepsWhole() ? ", a part of it" : "");
    }
}
