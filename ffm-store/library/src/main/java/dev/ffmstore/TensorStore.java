package dev.ffmstore;

import dev.ffmstore.gguf.Metadata;
import dev.ffmstore.internal.memory.ProcessMemory;
import dev.ffmstore.internal.text.Printable;
import dev.ffmstore.internal.text.Problem;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.OptionalLong;

/// The tensors of a model, dense, in off-heap memory.
///
/// ```java
/// try (TensorStore store = TensorStore.load(Path.of("model.gguf"))) {
///     Tensor k = store.tensor("blk.0.attn_k.weight");   // [256, 2048], F32
///     MemorySegment weights = k.segment();              // readable from every thread
/// }
/// ```
///
/// A load decodes each block straight to its final place: peak memory is the dense size and a small constant, and
/// the heap holds nothing of the model's size. All tensors live in one shared arena. By default it is the store's
/// own, and `close` closes it; a caller may give another (see [LoadOptions#arena(Arena)]), which then decides how
/// long the tensors live.
///
/// A store is immutable and may be used by any thread. After `close` every method but `close`, `isOpen`, `name`,
/// `plan` and `toString` throws `IllegalStateException`, and so does access to any of its segments, unless they
/// live in a caller's arena: those can be read until that is closed.
///
/// A store that was not closed is mentioned in the log once neither it nor any of its tensors is reachable any
/// more; its memory is then freed if it is one mapping (Linux x86-64 with native access enabled).
public final class TensorStore implements AutoCloseable {
    private final TensorPlan plan;
    private final List<MemorySegment> segments;
    private final Map<String, Tensor> tensors;
    private final Metadata metadata;
    private final LoadReport report;
    private final Arena arena;
    private final boolean ownsArena;
    private final Duration closeTimeout;
    private final Runnable closedListener;
    private volatile boolean closed;

    private TensorStore(TensorPlan plan, StoreLoader.Loaded loaded, Arena arena, boolean ownsArena, Duration timeout) {
        this.plan = plan;
        this.segments =
                loaded.segments().stream().map(MemorySegment::asReadOnly).toList();
        this.tensors = Collections.unmodifiableMap(tensors(plan, segments));
        this.metadata = loaded.metadata();
        this.report = loaded.report();
        this.arena = arena;
        this.ownsArena = ownsArena;
        this.closeTimeout = timeout;
        this.closedListener = loaded.closed();
    }

    private static Map<String, Tensor> tensors(TensorPlan plan, List<MemorySegment> segments) {
        Map<String, Tensor> tensors = LinkedHashMap.newLinkedHashMap(segments.size());
        for (int i = 0; i < segments.size(); i++) {
            TensorSlot slot = plan.slots().get(i);
            tensors.put(slot.name(), new Tensor(slot.name(), slot.dtype(), slot.shape(), segments.get(i)));
        }
        for (TensorSlot alias : plan.aliases()) {
            Tensor tensor = tensors.get(alias.aliasOf().orElseThrow());
            tensors.put(alias.name(), new Tensor(alias.name(), tensor.dtype(), tensor.shape(), tensor.segment()));
        }
        return tensors;
    }

    /// Loads every tensor of a local file or folder, dense, with default options; see
    /// [#load(Path, TensorForm, LoadOptions)].
    ///
    /// @return a store; the caller closes it
    /// @throws IOException as [#load(Path, TensorForm, LoadOptions)] does
    public static TensorStore load(Path path) throws IOException {
        return load(path, TensorForm.dense(), LoadOptions.defaults());
    }

    /// Loads tensors of a local file or folder of any format that [Model#open(Path)] reads.
    ///
    /// @param path the file or folder
    /// @param form which tensors are wanted, in which form
    /// @param options how the load is done
    /// @return a store; the caller closes it
    /// @throws dev.ffmstore.gguf.GgufException if it is a malformed GGUF file
    /// @throws ModelException if it is a malformed file of another format, or cannot be planned as asked: see
    /// [TensorPlan#of]
    /// @throws InsufficientMemoryException if there is not enough memory
    /// @throws InterruptedIOException if the calling thread is interrupted, whose interrupt status stays set
    /// @throws IOException if the file cannot be read, or changes meanwhile
    /// @throws IllegalArgumentException if a pattern of the form matches no tensor
    /// @throws UnsupportedOperationException if vector decoders are asked for and are not available
    public static TensorStore load(Path path, TensorForm form, LoadOptions options) throws IOException {
        try (Model model = Model.open(path)) {
            return load(model, form, options);
        }
    }

    /// Loads every tensor of an open model, dense, with default options; see
    /// [#load(Model, TensorForm, LoadOptions)].
    ///
    /// @return a store; the caller closes it
    /// @throws IOException as [#load(Path, TensorForm, LoadOptions)] does
    public static TensorStore load(Model model) throws IOException {
        return load(model, TensorForm.dense(), LoadOptions.defaults());
    }

    /// Loads tensors of an open model. It stays open, and the caller closes it; the store does not need it any
    /// more.
    ///
    /// @param model the model
    /// @param form which tensors are wanted, in which form
    /// @param options how the load is done
    /// @return a store; the caller closes it
    /// @throws IOException as [#load(Path, TensorForm, LoadOptions)] does
    public static TensorStore load(Model model, TensorForm form, LoadOptions options) throws IOException {
        StoreLoader loader = new StoreLoader(model, form, options);
        Arena own = options.arena().isPresent() ? null : Arena.ofShared();
        try {
            Arena target = options.arena().orElse(own);
            StoreLoader.Loaded loaded = loader.load(target, own != null);
            return new TensorStore(loader.plan(), loaded, target, own != null, options.closeTimeout());
        } catch (Throwable failure) {
            if (own != null) {
                own.close();
            }
            throw failure;
        }
    }

    /// {@return the name of the model the tensors came from}
    public String name() {
        return plan.source();
    }

    /// {@return what the load did: which tensor came from where, in which form}
    public TensorPlan plan() {
        return plan;
    }

    /// {@return the tensor of this name}
    ///
    /// @param name the tensor's name, in the convention of the plan
    /// @throws NoSuchElementException if the store has no tensor of that name
    public Tensor tensor(String name) {
        return find(name)
                .orElseThrow(() -> new NoSuchElementException(
                        Problem.of(name(), "no tensor {}", name).toString()));
    }

    /// {@return the tensor of this name, or empty}
    public Optional<Tensor> find(String name) {
        return Optional.ofNullable(open().get(name));
    }

    /// {@return all tensors, in the order of the model, and after them the aliases, unmodifiable}
    public Collection<Tensor> tensors() {
        return open().values();
    }

    /// {@return the metadata of the model, readable as long as the tensors are}
    public Metadata metadata() {
        open();
        return metadata;
    }

    /// {@return how the load went}
    public LoadReport report() {
        open();
        return report;
    }

    /// {@return this store as a model, from which other forms can be planned, read and exported; a tensor that
    /// stays as it is is not copied}
    ///
    /// The model has the tensors of the store, including aliases, under the store's names. It can be used as long
    /// as the store is open, and owns nothing: it need not be closed.
    public Model model() {
        open();
        List<StoredTensor> stored =
                plan.tensors().stream().map(TensorSlot::asDense).toList();
        try {
            return Model.of(
                    name(),
                    Model.Format.STORE,
                    plan.convention(),
                    metadata,
                    List.of(new StoreBytes(plan, segments)),
                    stored);
        } catch (IOException e) {
            throw new UncheckedIOException(e); // memory always has an identity
        }
    }

    /// Asks the kernel how much of the tensors is in huge pages.
    ///
    /// @return the number of bytes in huge pages now, or empty where the kernel does not say (any but Linux)
    public OptionalLong hugePageBytes() {
        open();
        return ProcessMemory.hugePageBytes(segments);
    }

    /// {@return whether the tensors can be read}
    public boolean isOpen() {
        return !closed && arena.scope().isAlive();
    }

    private Map<String, Tensor> open() {
        if (!isOpen()) {
            throw new IllegalStateException(
                    Problem.of(name(), "this store has been closed").toString());
        }
        return tensors;
    }

    /// Frees the memory of all tensors, unless the arena is the caller's. Closing twice does nothing.
    ///
    /// Closing is safe while other threads read: those that lose the race get `IllegalStateException`. It waits for
    /// a system call or native function that holds a tensor (a channel that writes it, say), for as long as the
    /// options say. Raw addresses handed to native code are not protected.
    ///
    /// @throws IllegalStateException if a tensor is still held when that time is up, or when the calling thread is
    /// interrupted, whose interrupt status stays set; the store stays open
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        if (ownsArena) {
            closeArena();
        }
        closed = true;
        closedListener.run();
    }

    private void closeArena() {
        long start = System.nanoTime();
        long patience = nanos(closeTimeout);
        while (true) {
            try {
                arena.close();
                return;
            } catch (IllegalStateException held) {
                if (!arena.scope().isAlive()) {
                    throw held;
                }
                if (System.nanoTime() - start >= patience) {
                    throw stillHeld("after " + closeTimeout, held);
                }
                if (!pause()) {
                    throw stillHeld("when the thread that closes it was interrupted", held);
                }
            }
        }
    }

    private IllegalStateException stillHeld(String when, IllegalStateException held) {
        return new IllegalStateException(
                Problem.of(name(), "cannot be closed: a system call or native function still held a tensor {}", when)
                        .toString(),
                held);
    }

    /// {@return a duration in nanoseconds, `Long.MAX_VALUE` for one that is too long}
    private static long nanos(Duration duration) {
        try {
            return duration.toNanos();
        } catch (ArithmeticException e) {
            return duration.isNegative() ? 0 : Long.MAX_VALUE;
        }
    }

    private static boolean pause() {
        try {
            Thread.sleep(1);
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /// {@return the name, the number of tensors and whether the store is open}
    @Override
    public String toString() {
        return "TensorStore[" + Printable.escape(name()) + ", " + tensors.size() + " tensors"
                + (isOpen() ? "]" : ", closed]");
    }
}
