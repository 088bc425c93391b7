package dev.ffmstore;

import dev.ffmstore.ggml.BlockDecoders;
import dev.ffmstore.internal.http.RemoteUrl;
import dev.ffmstore.internal.text.Problem;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;

/// The tensors of a plan together with their open model: what readers read, and what file layouts are made of.
///
/// ```java
/// try (Model model = Model.open(path)) {                                   // nothing is loaded
///     TensorSource tensors = TensorSource.of(model, TensorForm.dense().names(Names.hf()));
///     try (TensorReader reader = tensors.reader()) {
///         for (TensorSlot tensor : tensors.tensors()) { … reader.read(tensor, offset, segment); … }
///     }
///     tensors.checkUnchanged();
/// }
/// ```
///
/// The same form gives the same names, shapes and bytes for a file and for a store that was loaded from it.
///
/// Immutable; any thread may use it, as long as the model is open. It owns nothing: the caller closes the model.
public final class TensorSource {
    private final Model model;
    private final TensorPlan plan;
    private final List<TensorSlot> tensors;
    private final Map<String, TensorSlot> byName;
    private final BlockDecoders decoders;

    private TensorSource(Model model, TensorPlan plan, BlockDecoders decoders) {
        this.model = model;
        this.plan = plan;
        this.tensors = plan.tensors();
        this.decoders = decoders;
        this.byName = HashMap.newHashMap(tensors.size());
        tensors.forEach(tensor -> byName.put(tensor.name(), tensor));
    }

    /// {@return tensors of a model, decoded as they are read, by whichever decoders finish first}
    ///
    /// @throws ModelException as [TensorPlan#of] does
    /// @throws IllegalArgumentException as [TensorPlan#of] does
    public static TensorSource of(Model model, TensorForm form) throws ModelException {
        return of(model, form, DecoderChoice.AUTO);
    }

    /// {@return tensors of a model, decoded as they are read}
    ///
    /// @param model the model, which the caller keeps open as long as the source is used, and closes
    /// @param form which tensors are wanted, in which form
    /// @param decoder which decoders all readers use; decided here, once
    /// @throws ModelException as [TensorPlan#of] does
    /// @throws IllegalArgumentException as [TensorPlan#of] does
    /// @throws UnsupportedOperationException if vector decoders are asked for and are not available
    public static TensorSource of(Model model, TensorForm form, DecoderChoice decoder) throws ModelException {
        TensorPlan plan = TensorPlan.of(model, form);
        return new TensorSource(model, plan, decoder.decoders(plan.denseBytes()));
    }

    /// {@return the plan of the tensors}
    public TensorPlan plan() {
        return plan;
    }

    /// {@return the name of the model}
    public String name() {
        return plan.source();
    }

    /// {@return the last name of the model's path or URL: it is written into files, which must not depend on where
    /// the model is}
    public String fileName() {
        if (RemoteUrl.isOne(name())) {
            return RemoteUrl.fileName(name());
        }
        Path last = Path.of(name()).getFileName();
        return last == null ? name() : last.toString();
    }

    /// {@return the convention of the names and layouts: `gguf`, `hf`, or the name of a user's table}
    public String convention() {
        return plan.convention();
    }

    /// {@return the tensors, in the model's order, and after them the aliases; their names are unique}
    public List<TensorSlot> tensors() {
        return tensors;
    }

    /// {@return the tensor of this name, or empty}
    public Optional<TensorSlot> find(String name) {
        return Optional.ofNullable(byName.get(name));
    }

    /// {@return the tensor of this name}
    ///
    /// @throws NoSuchElementException if there is none
    public TensorSlot tensor(String name) {
        return find(name)
                .orElseThrow(() -> new NoSuchElementException(
                        Problem.of(name(), "no tensor {}", name).toString()));
    }

    /// {@return the dense bytes of a tensor as memory, read-only, if they are in memory in this form already}
    ///
    /// @param tensor a tensor of this source
    public Optional<MemorySegment> view(TensorSlot tensor) {
        if (!tensor.isVerbatim()) {
            return Optional.empty();
        }
        long from = tensor.shares().getFirst().storedFirst() * tensor.dtype().byteSize();
        return model.view(tensor.stored()).map(bytes -> bytes.asSlice(from, tensor.byteSize()));
    }

    /// {@return the decoders that the readers use}
    public BlockDecoders decoders() {
        return decoders;
    }

    /// {@return a reader for one thread; the caller closes it}
    public TensorReader reader() {
        return TensorReader.of(model, decoders);
    }

    /// {@return a reader for one thread, with buffers allocated by an arena: closing the reader frees nothing}
    ///
    /// @param arena a shared arena that lives as long as the reader is used
    public TensorReader reader(Arena arena) {
        return TensorReader.of(model, decoders, arena);
    }

    /// Makes sure that the model is still what it was when it was opened, so that what was read is too.
    ///
    /// @throws IOException if a file has changed since
    public void checkUnchanged() throws IOException {
        model.checkUnchanged();
    }
}
