package dev.ffmstore;

import dev.ffmstore.internal.names.NameTable;
import dev.ffmstore.internal.names.UnknownNameException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Makes the slots of one plan, tensor after tensor, and refuses what cannot be read as asked.
final class Planner {
    private final Model model;
    private final TensorForm form;
    private final Predicate<String> chosen;
    private final Function<String, Optional<DTypes.Rule>> dtypes;
    private final NameTable.Translation translation;
    private final List<TensorSlot> slots = new ArrayList<>();
    private final List<TensorSlot> aliases = new ArrayList<>();
    private final List<String> unscaled = new ArrayList<>();
    private final Set<String> used = new HashSet<>();

    /// The first slot of each place, by which tied tensors are recognised.
    private final Map<List<Long>, TensorSlot> byPlace = new HashMap<>();

    private long sourceBytes;
    private long denseBytes;
    private long end;

    /// @throws ModelException if the convention of names does not know the model
    /// @throws IllegalArgumentException if a pattern matches no tensor
    Planner(Model model, TensorForm form) throws ModelException {
        this.model = model;
        this.form = form;
        Set<String> names =
                model.tensors().stream().map(StoredTensor::name).collect(Collectors.toCollection(LinkedHashSet::new));
        this.chosen = form.filter().over(names);
        this.dtypes = form.dtypes().over(names);
        this.translation = translation(names);
        try {
            for (StoredTensor tensor : model.tensors()) {
                if (chosen.test(tensor.name())) {
                    add(tensor);
                }
            }
        } catch (ArithmeticException e) {
            throw ModelException.of(model.name(), "all tensors together are larger than a signed 64-bit size");
        }
    }

    private NameTable.Translation translation(Set<String> names) throws ModelException {
        String wanted = form.names().convention();
        if (wanted.equals(Names.gguf().convention()) || wanted.equals(model.convention())) {
            return NameTable.Translation.AS_STORED;
        }
        if (!model.convention().equals(Names.gguf().convention())) {
            throw ModelException.of(
                    model.name(),
                    "has the names of {}, which cannot be translated to those of {}",
                    model.convention(),
                    wanted);
        }
        try {
            return form.names().table().forModel(new NameTable.Model(model.metadata(), names));
        } catch (UnknownNameException e) {
            throw ModelException.ofSentence(model.name(), e.sentence());
        }
    }

    List<TensorSlot> slots() {
        return slots;
    }

    List<TensorSlot> aliases() {
        return aliases;
    }

    List<String> unscaled() {
        return unscaled;
    }

    long sourceBytes() {
        return sourceBytes;
    }

    long denseBytes() {
        return denseBytes;
    }

    long regionBytes() {
        return end;
    }

    String convention() {
        String wanted = form.names().convention();
        return wanted.equals(Names.gguf().convention()) ? model.convention() : wanted;
    }

    private void add(StoredTensor tensor) throws ModelException {
        Optional<NameTable.Entry> found;
        try {
            found = translation.of(tensor.name(), tensor.shape());
        } catch (UnknownNameException e) {
            throw ModelException.ofSentence(model.name(), e.sentence());
        }
        if (found.isEmpty()) {
            return;
        }
        NameTable.Entry entry = found.get();
        requireDecoder(tensor);
        TensorSlot slot = slot(tensor, entry);
        TensorSlot tied = tiedTo(slot);
        if (tied == null) {
            slots.add(slot);
            end = Math.addExact(slot.offset(), slot.byteSize());
            sourceBytes += tensor.byteSize();
            denseBytes += slot.byteSize();
        } else {
            aliases.add(alias(tied, slot.name(), tensor));
        }
        for (String other : entry.names().subList(1, entry.names().size())) {
            aliases.add(alias(tied == null ? slot : tied, used(other, tensor), tensor));
        }
    }

    private TensorSlot slot(StoredTensor tensor, NameTable.Entry entry) throws ModelException {
        DType dtype = dtype(tensor);
        requireFits(tensor, entry);
        Optional<TensorSlot.Scale> scale = scale(tensor);
        if (dtype.float8().isPresent() && (scale.isPresent() || entry.storedOffset() != 0)) {
            throw ModelException.expected(
                    model.name(),
                    "F32, F16 or BF16",
                    dtype,
                    "tensor {}: the type of what is multiplied by a companion scale or subtracted from",
                    tensor.name());
        }
        long offset = Math.addExact(end, TensorPlan.ALIGNMENT - 1) & -TensorPlan.ALIGNMENT;
        return new TensorSlot(
                used(entry.names().getFirst(), tensor),
                tensor,
                dtype,
                offset,
                dtype.byteSize(tensor.shape().elementCount()),
                scale,
                entry.headRows() == 0 ? RowOrder.AS_STORED : new RowOrder.HalvesOfPairs(entry.headRows()),
                entry.storedOffset(),
                Optional.empty());
    }

    /// Rules are about floats. Where none matches, they become F32, while a store keeps what it was loaded as.
    private DType dtype(StoredTensor tensor) {
        DType dense = DType.denseOf(tensor.type());
        if (dense != DType.F32) {
            return dense;
        }
        DType stored = DType.storedAs(tensor.type()).orElse(DType.F32);
        return dtypes.apply(tensor.name())
                .map(rule -> rule.dtype().orElse(stored))
                .orElse(model.format() == Model.Format.STORE ? stored : DType.F32);
    }

    private @Nullable TensorSlot tiedTo(TensorSlot slot) {
        StoredTensor stored = slot.stored();
        TensorSlot first = byPlace.putIfAbsent(List.of((long) stored.part(), stored.offset()), slot);
        return first != null
                        && stored.isTiedTo(first.stored())
                        && first.dtype() == slot.dtype()
                        && first.scale().equals(slot.scale())
                        && first.rowOrder().equals(slot.rowOrder())
                        && first.storedOffset() == slot.storedOffset()
                ? first
                : null;
    }

    private static TensorSlot alias(TensorSlot of, String name, StoredTensor stored) {
        return new TensorSlot(
                name,
                stored,
                of.dtype(),
                of.offset(),
                of.byteSize(),
                of.scale(),
                of.rowOrder(),
                of.storedOffset(),
                Optional.of(of.name()));
    }

    private String used(String name, StoredTensor tensor) throws ModelException {
        if (!used.add(name)) {
            throw ModelException.of(
                    model.name(),
                    "tensor {} would be named {} by {}, as another tensor is",
                    tensor.name(),
                    name,
                    form.names().convention());
        }
        return name;
    }

    private Optional<TensorSlot.Scale> scale(StoredTensor tensor) throws ModelException {
        Optional<CompanionScale> companion = model.companion(tensor);
        if (companion.isEmpty()) {
            return Optional.empty();
        }
        if (form.scales() != TensorForm.Scales.APPLIED) {
            unscaled.add(tensor.name());
            return Optional.empty();
        }
        if (companion.get().problem().isPresent()) {
            throw ModelException.ofSentence(
                    model.name(), companion.get().problem().get());
        }
        return Optional.of(new TensorSlot.Scale(
                companion.get().scale(), companion.get().block().orElseThrow()));
    }

    private void requireDecoder(StoredTensor tensor) throws ModelException {
        Optional<String> problem = tensor.unreadable();
        if (problem.isPresent()) {
            throw ModelException.ofSentence(model.name(), problem.get());
        }
    }

    /// Makes sure that what the convention does to a tensor is possible with this tensor.
    private void requireFits(StoredTensor tensor, NameTable.Entry entry) throws ModelException {
        if (entry.storedOffset() != 0 && DType.denseOf(tensor.type()) != DType.F32) {
            throw ModelException.expected(
                    model.name(),
                    "elements of type F32",
                    tensor.type(),
                    "tensor {}: the convention {} takes off what was added to it",
                    tensor.name(),
                    form.names().convention());
        }
        if (entry.headRows() != 0 && tensor.type().blockLength() > 1 && tensor.type() instanceof DType) {
            throw ModelException.of(
                    model.name(),
                    "tensor {}: rows of elements smaller than a byte, {}, are not put in another order",
                    tensor.name(),
                    tensor.type());
        }
        if (entry.headRows() != 0) {
            long rows = tensor.shape().rank() == 0 ? 1 : tensor.shape().dimension(0);
            if (rows % entry.headRows() != 0) {
                throw ModelException.expected(
                        model.name(),
                        "heads of " + entry.headRows() + " rows",
                        tensor.shape(),
                        "tensor {}",
                        tensor.name());
            }
        }
    }
}
