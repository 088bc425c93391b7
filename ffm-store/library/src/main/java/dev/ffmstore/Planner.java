package dev.ffmstore;

import dev.ffmstore.ggml.BlockDecoders;
import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.gguf.GgufException;
import dev.ffmstore.gguf.GgufFile;
import dev.ffmstore.gguf.Metadata;
import dev.ffmstore.gguf.TensorInfo;
import dev.ffmstore.internal.names.NameTable;
import dev.ffmstore.internal.text.Printable;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/// Makes a plan, tensor after tensor. For one plan.
final class Planner {
    /// What is planned from: a file, or a store.
    interface Model {
        /// {@return the name of the model's file}
        String name();

        /// {@return the size of the file's header}
        long headerBytes();

        Metadata metadata();

        /// {@return all tensors, in the model's order}
        List<TensorInfo> tensors();

        /// {@return what a tensor is unless it is converted}
        DType dtype(TensorInfo tensor);

        Optional<CompanionScale> companion(TensorInfo tensor);

        /// {@return the convention of its names}
        String convention();

        /// {@return further names of its tensors}
        List<LoadPlan.Alias> aliases();
    }

    /// A file that is not loaded.
    private record FileModel(GgufFile file) implements Model {
        @Override
        public String name() {
            return file.name();
        }

        @Override
        public long headerBytes() {
            return file.dataOffset();
        }

        @Override
        public Metadata metadata() {
            return file.metadata();
        }

        @Override
        public List<TensorInfo> tensors() {
            return file.tensors();
        }

        @Override
        public DType dtype(TensorInfo tensor) {
            return DType.denseOf(tensor.type());
        }

        @Override
        public Optional<CompanionScale> companion(TensorInfo tensor) {
            return CompanionScale.of(file, tensor);
        }

        @Override
        public String convention() {
            return Names.gguf().convention();
        }

        @Override
        public List<LoadPlan.Alias> aliases() {
            return List.of();
        }
    }

    /// A loaded store: a model of plain tensors that lie as its region did.
    private record StoreModel(TensorStore store) implements Model {
        @Override
        public String name() {
            return store.name();
        }

        @Override
        public long headerBytes() {
            return 0;
        }

        @Override
        public Metadata metadata() {
            return store.metadata();
        }

        @Override
        public List<TensorInfo> tensors() {
            return store.plan().slots().stream().map(StoreModel::info).toList();
        }

        private static TensorInfo info(LoadPlan.Slot slot) {
            GgmlType type = GgmlType.valueOf(slot.dtype().name()); // what is dense has the same name there
            return new TensorInfo(slot.name(), type, slot.shape(), slot.offset(), slot.byteSize());
        }

        @Override
        public DType dtype(TensorInfo tensor) {
            return DType.valueOf(tensor.type().name());
        }

        @Override
        public Optional<CompanionScale> companion(TensorInfo tensor) {
            return Optional.empty();
        }

        @Override
        public String convention() {
            return store.plan().convention();
        }

        @Override
        public List<LoadPlan.Alias> aliases() {
            return store.plan().aliases();
        }
    }

    private final Model model;
    private final LoadOptions options;
    private final Predicate<String> chosen;
    private final Function<String, DType> dtypes;
    private final NameTable.Translation translation;
    private final List<LoadPlan.Slot> slots = new ArrayList<>();
    private final List<LoadPlan.Alias> aliases = new ArrayList<>();
    private final List<String> unscaled = new ArrayList<>();
    private final Set<String> used = new HashSet<>();
    private long sourceBytes;
    private long denseBytes;
    private long end;

    private Planner(Model model, LoadOptions options) throws GgufException {
        this.model = model;
        this.options = options;
        Set<String> names =
                model.tensors().stream().map(TensorInfo::name).collect(Collectors.toCollection(LinkedHashSet::new));
        this.chosen = options.filter().over(names);
        this.dtypes = options.dtypes().over(names);
        this.translation = options.names().table().forModel(new NameTable.Model(model.name(), model.metadata(), names));
    }

    static LoadPlan plan(GgufFile file, LoadOptions options) throws GgufException {
        return new Planner(new FileModel(file), options).plan();
    }

    static LoadPlan plan(TensorStore store, LoadOptions options) throws GgufException {
        String own = Names.gguf().convention();
        String stores = store.plan().convention();
        String wanted = options.names().convention();
        if (!stores.equals(own) && !wanted.equals(own)) {
            throw new IllegalArgumentException(Printable.escape(store.name()) + ": was loaded with the names of "
                    + Printable.escape(stores) + ", which cannot be translated to those of "
                    + Printable.escape(wanted));
        }
        return new Planner(new StoreModel(store), options).plan();
    }

    private LoadPlan plan() throws GgufException {
        try {
            for (TensorInfo tensor : model.tensors()) {
                if (chosen.test(tensor.name())) {
                    Optional<NameTable.Entry> entry = translation.of(tensor);
                    if (entry.isPresent()) {
                        add(tensor, entry.get());
                    }
                }
            }
            for (LoadPlan.Alias alias : model.aliases()) {
                if (used.contains(alias.of())) {
                    aliases.add(alias);
                }
            }
        } catch (ArithmeticException e) {
            throw failure("all tensors together are larger than a signed 64-bit size");
        }
        return new LoadPlan(
                model.name(),
                slots,
                sourceBytes,
                denseBytes,
                end,
                model.headerBytes(),
                unscaled,
                aliases,
                convention());
    }

    private String convention() {
        String wanted = options.names().convention();
        return wanted.equals(Names.gguf().convention()) ? model.convention() : wanted;
    }

    private void add(TensorInfo tensor, NameTable.Entry entry) throws GgufException {
        requireDecoder(tensor);
        DType dense = model.dtype(tensor);
        DType dtype = dense == DType.F32 ? dtypes.apply(tensor.name()) : dense;
        requireFits(tensor, dense, entry);
        long offset = Math.addExact(end, LoadPlan.ALIGNMENT - 1) & -LoadPlan.ALIGNMENT;
        LoadPlan.Slot slot = new LoadPlan.Slot(
                used(entry.names().getFirst(), tensor),
                tensor.type(),
                dtype,
                tensor.shape(),
                tensor.offset(),
                tensor.byteSize(),
                offset,
                Math.multiplyExact(tensor.shape().elementCount(), (long) dtype.byteSize()),
                scale(tensor),
                tensor.name(),
                entry.rowOrder(),
                entry.storedOffset());
        slots.add(slot);
        for (String alias : entry.names().subList(1, entry.names().size())) {
            aliases.add(new LoadPlan.Alias(used(alias, tensor), slot.name()));
        }
        end = Math.addExact(offset, slot.byteSize());
        sourceBytes += slot.sourceBytes();
        denseBytes += slot.byteSize();
    }

    private String used(String name, TensorInfo tensor) throws GgufException {
        if (!used.add(name)) {
            throw failure("tensor " + Printable.escape(tensor.name()) + " would be named " + Printable.escape(name)
                    + " by " + Printable.escape(options.names().convention()) + ", as another tensor is");
        }
        return name;
    }

    private Optional<LoadPlan.Scale> scale(TensorInfo tensor) throws GgufException {
        Optional<CompanionScale> companion = model.companion(tensor);
        if (companion.isEmpty()) {
            return Optional.empty();
        }
        if (!options.applyScales().orElse(false)) {
            unscaled.add(tensor.name());
            return Optional.empty();
        }
        if (companion.get().problem().isPresent()) {
            throw failure(companion.get().problem().get());
        }
        return Optional.of(LoadPlan.Scale.of(companion.get().scale()));
    }

    private void requireDecoder(TensorInfo tensor) throws GgufException {
        if (!BlockDecoders.scalar().supports(tensor.type())) {
            throw failure("tensor " + Printable.escape(tensor.name()) + " is of type " + tensor.type()
                    + ", which has no decoder");
        }
    }

    /// What a convention does to a tensor must be possible with this one.
    private void requireFits(TensorInfo tensor, DType dense, NameTable.Entry entry) throws GgufException {
        if (entry.storedOffset() != 0 && dense != DType.F32) {
            throw failure("tensor " + Printable.escape(tensor.name()) + ": the convention "
                    + Printable.escape(options.names().convention()) + " takes off what was added to it: expected"
                    + " elements of type F32, got " + tensor.type());
        }
        if (entry.rowOrder() instanceof RowOrder.HalvesOfPairs(long headRows)) {
            long rows = tensor.shape().rank() == 0 ? 1 : tensor.shape().dimension(0);
            if (rows % headRows != 0) {
                throw failure("tensor " + Printable.escape(tensor.name()) + ": expected heads of " + headRows
                        + " rows, got " + tensor.shape());
            }
        }
    }

    private GgufException failure(String problem) {
        return GgufException.of(model.name(), problem);
    }
}
