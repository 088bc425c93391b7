package dev.ffmstore;

import dev.ffmstore.gguf.Shape;
import dev.ffmstore.internal.names.NameTable;
import dev.ffmstore.internal.names.Operation;
import dev.ffmstore.internal.names.Output;
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
    private final Set<String> unscaled = new LinkedHashSet<>();
    private final Set<String> used = new HashSet<>();

    /// The first slot of each place, by which tied tensors are recognised.
    private final Map<Place, TensorSlot> byPlace = new HashMap<>();

    private long sourceBytes;
    private long denseBytes;
    private long end;

    /// Where the first element of a slot is stored.
    private record Place(int part, long offset, long element) {
        static Place of(TensorSlot slot) {
            Share share = slot.shares().getFirst();
            return new Place(share.stored().part(), share.stored().offset(), share.storedFirst());
        }
    }

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
        boolean translated = wanted.equals(Names.hf().convention());
        if (translated && !model.convention().equals(Names.gguf().convention())) {
            throw ModelException.of(
                    model.name(),
                    "has the names of {}, which cannot be translated to those of {}",
                    model.convention(),
                    wanted);
        }
        try {
            NameTable.Translation found = form.names().table().forModel(new NameTable.Model(model.metadata(), names));
            Optional<String> missing = found.missing(chosen);
            if (missing.isPresent()) {
                throw ModelException.ofSentence(model.name(), missing.get());
            }
            return found;
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
        return List.copyOf(unscaled);
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
        if (translation == NameTable.Translation.AS_STORED) {
            requireDecoder(tensor);
            add(List.of(tensor.name()), tensor.shape(), List.of(Share.whole(tensor, scale(tensor))), 0);
            return;
        }
        NameTable.Entry entry;
        try {
            entry = translation.of(tensor.name(), tensor.shape());
        } catch (UnknownNameException e) {
            throw ModelException.ofSentence(model.name(), e.sentence());
        }
        if (entry.first().isPresent()) {
            requireSource(entry.first().get(), tensor);
        }
        for (Output output : entry.outputs()) {
            add(output);
        }
    }

    /// Plans one tensor of the convention.
    private void add(Output output) throws ModelException {
        List<StoredTensor> sources = new ArrayList<>(output.sources().size());
        for (Output.Source source : output.sources()) {
            StoredTensor tensor = requireSource(source.tensor(), output);
            requireDecoder(tensor);
            requireFits(tensor, output, sources);
            sources.add(tensor);
        }
        if (output.isRenamed()) {
            StoredTensor tensor = sources.getFirst();
            add(output.names(), tensor.shape(), List.of(Share.whole(tensor, scale(tensor))), output.storedOffset());
            return;
        }
        Arrangement arrangement = arrangement(output, sources);
        List<Share> shares = new ArrayList<>(sources.size());
        for (int i = 0; i < sources.size(); i++) {
            Arrangement.Part part = arrangement.parts().get(i);
            if (part.run() > 0 || sources.size() == 1) {
                shares.add(new Share(
                        sources.get(i),
                        scale(sources.get(i)),
                        part.storedFirst(),
                        part.first(),
                        part.run(),
                        part.axes()));
            }
        }
        if (shares.isEmpty()) {
            shares.add(new Share(sources.getFirst(), Optional.empty(), 0, 0, 0, List.of()));
        }
        add(output.names(), arrangement.shape(), shares, output.storedOffset());
    }

    private Arrangement arrangement(Output output, List<StoredTensor> sources) throws ModelException {
        List<View> views = new ArrayList<>(sources.size());
        for (int i = 0; i < sources.size(); i++) {
            View view = View.of(sources.get(i).shape());
            for (Operation operation : output.sources().get(i).operations()) {
                try {
                    view = view.with(operation);
                } catch (IllegalArgumentException e) {
                    throw ModelException.of(
                            model.name(), "tensor {}: {} ({})", sources.get(i).name(), e.getMessage(), operation);
                }
            }
            views.add(view);
        }
        try {
            Arrangement arrangement = Arrangement.of(views, output.join());
            return output.reshape().isEmpty()
                    ? arrangement
                    : new Arrangement(
                            View.reshaped(arrangement.shape(), output.reshape().get()), arrangement.parts());
        } catch (IllegalArgumentException e) {
            throw ModelException.of(
                    model.name(),
                    "tensor {} of {}: {}",
                    output.names().getFirst(),
                    form.names().convention(),
                    e.getMessage());
        }
    }

    private void add(List<String> names, Shape shape, List<Share> shares, float storedOffset) throws ModelException {
        TensorSlot slot = slot(names.getFirst(), shape, shares, storedOffset);
        TensorSlot tied = tiedTo(slot);
        if (tied == null) {
            slots.add(slot);
            end = Math.addExact(slot.offset(), slot.byteSize());
            sourceBytes += slot.storedBytes();
            denseBytes += slot.byteSize();
        } else {
            aliases.add(alias(tied, slot));
        }
        for (String other : names.subList(1, names.size())) {
            aliases.add(alias(tied == null ? slot : tied, slot.withName(used(other, slot.stored()))));
        }
    }

    private TensorSlot slot(String name, Shape shape, List<Share> shares, float storedOffset) throws ModelException {
        DType dtype = dtype(shares);
        requireComputable(dtype, shares, storedOffset);
        long offset = Math.addExact(end, TensorPlan.ALIGNMENT - 1) & -TensorPlan.ALIGNMENT;
        return new TensorSlot(
                used(name, shares.getFirst().stored()),
                shape,
                dtype,
                offset,
                dtype.byteSize(shape.elementCount()),
                shares,
                storedOffset,
                Optional.empty());
    }

    /// Makes sure that what is multiplied or subtracted from becomes a type that there is arithmetic for.
    private void requireComputable(DType dtype, List<Share> shares, float storedOffset) throws ModelException {
        for (Share share : shares) {
            if (dtype.float8().isPresent() && (share.scale().isPresent() || storedOffset != 0)) {
                throw ModelException.expected(
                        model.name(),
                        "F32, F16 or BF16",
                        dtype,
                        "tensor {}: the type of what is multiplied by a companion scale or subtracted from",
                        share.stored().name());
            }
        }
    }

    /// Rules are about floats. Where none matches, they become F32, while a store keeps what it was loaded as. Of
    /// several tensors the first decides.
    private DType dtype(List<Share> shares) {
        StoredTensor tensor = shares.getFirst().stored();
        DType dense = DType.denseOf(tensor.type());
        if (dense != DType.F32) {
            return dense;
        }
        DType stored = shares.stream().allMatch(share -> share.type().equals(tensor.type()))
                ? DType.storedAs(tensor.type()).orElse(DType.F32)
                : DType.F32;
        return dtypes.apply(tensor.name())
                .map(rule -> rule.dtype().orElse(stored))
                .orElse(model.format() == Model.Format.STORE ? stored : DType.F32);
    }

    private @Nullable TensorSlot tiedTo(TensorSlot slot) {
        TensorSlot first = byPlace.putIfAbsent(Place.of(slot), slot);
        return first != null
                        && first.dtype() == slot.dtype()
                        && first.shape().equals(slot.shape())
                        && first.storedOffset() == slot.storedOffset()
                        && areTied(first.shares(), slot.shares())
                ? first
                : null;
    }

    private static boolean areTied(List<Share> one, List<Share> other) {
        boolean tied = one.size() == other.size();
        for (int i = 0; tied && i < one.size(); i++) {
            tied = one.get(i).isTiedTo(other.get(i));
        }
        return tied;
    }

    private static TensorSlot alias(TensorSlot of, TensorSlot slot) {
        return new TensorSlot(
                slot.name(),
                slot.shape(),
                of.dtype(),
                of.offset(),
                of.byteSize(),
                slot.shares(),
                of.storedOffset(),
                Optional.of(of.name()));
    }

    /// {@return a stored tensor that an output is made of}
    private StoredTensor requireSource(String name, Output output) throws ModelException {
        Optional<StoredTensor> tensor = model.find(name);
        if (tensor.isEmpty()) {
            throw ModelException.of(
                    model.name(),
                    "tensor {} of {} is made of {}, which is missing",
                    output.names().getFirst(),
                    form.names().convention(),
                    name);
        }
        if (!chosen.test(name)) {
            throw ModelException.of(
                    model.name(),
                    "tensor {} of {} is made of {}, which the filter leaves out, and others, which it takes",
                    output.names().getFirst(),
                    form.names().convention(),
                    name);
        }
        return tensor.get();
    }

    /// Makes sure that a tensor that is joined with others is not left alone.
    private void requireSource(String first, StoredTensor tensor) throws ModelException {
        if (model.find(first).isEmpty() || !chosen.test(first)) {
            throw ModelException.of(
                    model.name(),
                    "tensor {} goes with {} by {}, which {}",
                    tensor.name(),
                    first,
                    form.names().convention(),
                    model.find(first).isEmpty() ? "is missing" : "the filter leaves out");
        }
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

    private Optional<Share.Scale> scale(StoredTensor tensor) throws ModelException {
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
        return Optional.of(
                new Share.Scale(companion.get().scale(), companion.get().block().orElseThrow()));
    }

    private void requireDecoder(StoredTensor tensor) throws ModelException {
        Optional<String> problem = tensor.unreadable();
        if (problem.isPresent()) {
            throw ModelException.ofSentence(model.name(), problem.get());
        }
    }

    /// Makes sure that what the convention does to the elements of a tensor is possible with them.
    ///
    /// @param others tensors that it is joined with
    private void requireFits(StoredTensor tensor, Output output, List<StoredTensor> others) throws ModelException {
        DType dense = DType.denseOf(tensor.type());
        if (output.storedOffset() != 0 && dense != DType.F32) {
            throw ModelException.expected(
                    model.name(),
                    "elements of type F32",
                    tensor.type(),
                    "tensor {}: the convention {} takes off what was added to it",
                    tensor.name(),
                    form.names().convention());
        }
        if (!output.isRenamed() && tensor.type().blockLength() > 1 && tensor.type() instanceof DType) {
            throw ModelException.of(
                    model.name(),
                    "tensor {}: elements smaller than a byte, {}, are not put in another order",
                    tensor.name(),
                    tensor.type());
        }
        if (!others.isEmpty() && DType.denseOf(others.getFirst().type()) != dense) {
            throw ModelException.of(
                    model.name(),
                    "tensors {} and {} cannot become one: their elements are of the types {} and {}",
                    others.getFirst().name(),
                    tensor.name(),
                    DType.denseOf(others.getFirst().type()),
                    dense);
        }
    }
}
