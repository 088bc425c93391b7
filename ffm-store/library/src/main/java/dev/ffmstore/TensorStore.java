package dev.ffmstore;

import dev.ffmstore.ggml.BlockDecoders;
import dev.ffmstore.gguf.GgufFile;
import dev.ffmstore.gguf.Metadata;
import dev.ffmstore.gguf.Source;
import dev.ffmstore.internal.memory.MemoryBudget;
import dev.ffmstore.internal.memory.ProcessMemory;
import dev.ffmstore.internal.memory.Region;
import dev.ffmstore.internal.pass.Workers;
import dev.ffmstore.internal.text.Printable;
import java.io.IOException;
import java.io.InterruptedIOException;
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
public final class TensorStore implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(TensorStore.class.getName());

    private final LoadPlan plan;
    private final Map<String, Tensor> tensors;
    private final Metadata metadata;
    private final LoadReport report;
    private final Arena arena;
    private final boolean ownsArena;
    private final Duration closeTimeout;
    private volatile boolean closed;

    private TensorStore(
            LoadPlan plan,
            Map<String, Tensor> tensors,
            Metadata metadata,
            LoadReport report,
            Arena arena,
            boolean ownsArena,
            Duration closeTimeout) {
        this.plan = plan;
        this.tensors = Collections.unmodifiableMap(tensors);
        this.metadata = metadata;
        this.report = report;
        this.arena = arena;
        this.ownsArena = ownsArena;
        this.closeTimeout = closeTimeout;
    }

    /// Loads every tensor of a local GGUF file, with default options; see [#load(Path, LoadOptions)].
    public static TensorStore load(Path path) throws IOException {
        return load(path, LoadOptions.defaults());
    }

    /// Loads tensors of a local GGUF file.
    ///
    /// @param path the file
    /// @param options which tensors, and how
    /// @return a store; the caller closes it
    /// @throws dev.ffmstore.gguf.GgufException if it is not a GGUF file this library reads, or a chosen tensor's
    /// type cannot be decoded
    /// @throws InsufficientMemoryException if there is not enough memory
    /// @throws InterruptedIOException if the calling thread is interrupted, whose interrupt status stays set
    /// @throws IOException if the file cannot be read, or changes meanwhile
    /// @throws IllegalArgumentException if a pattern of the filter matches no tensor
    /// @throws UnsupportedOperationException if vector decoders are asked for and cannot be had
    public static TensorStore load(Path path, LoadOptions options) throws IOException {
        try (GgufFile file = GgufFile.open(Source.of(path), options.gguf())) {
            return load(file, options);
        }
    }

    /// Loads tensors of an open file, which stays open and stays the caller's; the store does not need it any more.
    ///
    /// @param file the file
    /// @param options which tensors, and how
    /// @return a store; the caller closes it
    /// @throws IOException as [#load(Path, LoadOptions)] does
    public static TensorStore load(GgufFile file, LoadOptions options) throws IOException {
        LoadPlan plan = LoadPlan.of(file, options);
        BlockDecoders decoders = options.decoder().decoders(plan.denseBytes());
        if (options.memoryCheck()) {
            checkMemory(plan, options);
        }
        Arena own = options.arena().isPresent() ? null : Arena.ofShared();
        try {
            Arena target = options.arena().orElse(own);
            return load(file, plan, decoders, options, target, own != null);
        } catch (Throwable failure) {
            if (own != null) {
                own.close();
            }
            throw failure;
        }
    }

    private static TensorStore load(
            GgufFile file, LoadPlan plan, BlockDecoders decoders, LoadOptions options, Arena target, boolean ownsArena)
            throws IOException {
        long start = System.nanoTime();
        try (Arena working = Arena.ofShared()) {
            Region region = Region.allocate(plan, working, target);
            RegionLoad load = new RegionLoad(plan, file.source(), decoders, region, working);
            Metadata metadata;
            Map<String, Tensor> tensors;
            try {
                fill(file, plan, options, load);
                file.checkUnchanged();
                metadata = file.metadata().copyTo(target);
                tensors = bind(plan, region);
            } catch (Throwable failure) {
                region.release();
                throw failure;
            }
            LoadReport report = new LoadReport(
                    plan.slots().size(),
                    plan.sourceBytes(),
                    plan.denseBytes(),
                    (System.nanoTime() - start) / 1e9,
                    load.workers(options.threads()),
                    decoders.toString(),
                    region.description(),
                    (int) plan.slots().stream()
                            .filter(slot -> slot.scale().isPresent())
                            .count(),
                    plan.unscaled().size());
            if (options.applyScales().isEmpty()) {
                sayThatScalesWereLeft(file, plan);
            }
            return new TensorStore(plan, tensors, metadata, report, target, ownsArena, options.closeTimeout());
        } catch (OutOfMemoryError e) {
            throw outOfMemory(plan, options, e);
        }
    }

    private static void fill(GgufFile file, LoadPlan plan, LoadOptions options, RegionLoad load) throws IOException {
        ProgressListener listener = options.progress().orElse((done, total) -> {});
        Workers.inputOutput(
                () -> load.run(options.threads(), () -> listener.progress(load.doneBytes(), plan.denseBytes())),
                Printable.escape(file.name()) + ": load interrupted");
        listener.progress(plan.denseBytes(), plan.denseBytes());
    }

    private static Map<String, Tensor> bind(LoadPlan plan, Region region) {
        List<MemorySegment> segments = region.bind();
        Map<String, Tensor> tensors = LinkedHashMap.newLinkedHashMap(segments.size());
        for (int i = 0; i < segments.size(); i++) {
            LoadPlan.Slot slot = plan.slots().get(i);
            tensors.put(
                    slot.name(),
                    new Tensor(
                            slot.name(),
                            slot.dtype(),
                            slot.shape(),
                            segments.get(i).asReadOnly()));
        }
        for (LoadPlan.Alias alias : plan.aliases()) {
            Tensor tensor = tensors.get(alias.of());
            tensors.put(alias.name(), new Tensor(alias.name(), tensor.dtype(), tensor.shape(), tensor.segment()));
        }
        return tensors;
    }

    /// Says what became of companion scales, in a load that was not told what to do with them.
    private static void sayThatScalesWereLeft(GgufFile file, LoadPlan plan) {
        if (plan.unscaled().isEmpty()) {
            return;
        }
        String name = Printable.escape(file.name()) + ": ";
        LOG.log(
                System.Logger.Level.INFO,
                name + plan.unscaled().size()
                        + (plan.unscaled().size() == 1
                                ? " tensor has a companion scale, which was"
                                : " tensors have companion scales, which were")
                        + " not applied; LoadOptions.applyScales");
        plan.unscaled().stream()
                .flatMap(tensor -> CompanionScale.of(file, file.tensor(tensor)).stream())
                .flatMap(companion -> companion.problem().stream())
                .forEach(problem -> LOG.log(System.Logger.Level.WARNING, name + problem));
    }

    private static void checkMemory(LoadPlan plan, LoadOptions options) throws InsufficientMemoryException {
        MemoryBudget.Budget budget = MemoryBudget.ofThisProcess().orElse(null);
        long required = plan.peakBytes(options.threads());
        if (budget != null && required > budget.availableBytes()) {
            throw new InsufficientMemoryException(
                    Printable.escape(plan.source()) + ": not enough memory: the load takes " + required
                            + " bytes, available are " + budget.availableBytes() + " (" + budget.limit() + ")",
                    required,
                    budget.availableBytes());
        }
    }

    private static InsufficientMemoryException outOfMemory(LoadPlan plan, LoadOptions options, OutOfMemoryError e) {
        long available = MemoryBudget.ofThisProcess()
                .map(MemoryBudget.Budget::availableBytes)
                .orElse(-1L);
        long required = plan.peakBytes(options.threads());
        InsufficientMemoryException failure = new InsufficientMemoryException(
                Printable.escape(plan.source()) + ": out of memory: the load takes " + required + " bytes: "
                        + e.getMessage(),
                required,
                available);
        failure.initCause(e);
        return failure;
    }

    /// {@return the name of the file the tensors came from}
    public String name() {
        return plan.source();
    }

    /// {@return what the load did: which tensor came from where, in which form}
    public LoadPlan plan() {
        return plan;
    }

    /// {@return a tensor}
    ///
    /// @param name its name, in the convention of the plan
    /// @throws NoSuchElementException if the store has none of that name
    public Tensor tensor(String name) {
        return find(name)
                .orElseThrow(() ->
                        new NoSuchElementException(Printable.escape(name()) + ": no tensor " + Printable.escape(name)));
    }

    /// {@return the tensor of this name, or empty}
    public Optional<Tensor> find(String name) {
        return Optional.ofNullable(open().get(name));
    }

    /// {@return all tensors, in the order of the file's tensor infos, and after them the aliases, unmodifiable}
    public Collection<Tensor> tensors() {
        return open().values();
    }

    /// {@return the metadata of the file, readable as long as the tensors are}
    public Metadata metadata() {
        open();
        return metadata;
    }

    /// {@return how the load went}
    public LoadReport report() {
        open();
        return report;
    }

    /// Asks the kernel how much of the tensors lies in huge pages.
    ///
    /// @return that many bytes, as of now, or empty where the kernel does not say (any but Linux)
    public OptionalLong hugePageBytes() {
        Map<String, Tensor> all = open();
        return ProcessMemory.hugePageBytes(plan.slots().stream()
                .map(slot -> all.get(slot.name()).segment())
                .toList());
    }

    /// {@return whether the tensors can be read}
    public boolean isOpen() {
        return !closed && arena.scope().isAlive();
    }

    private Map<String, Tensor> open() {
        if (!isOpen()) {
            throw new IllegalStateException(Printable.escape(name()) + ": this store has been closed");
        }
        return tensors;
    }

    /// Frees the memory of all tensors, unless the arena is the caller's. Closing twice does nothing.
    ///
    /// Safe while other threads read: those that lose the race get `IllegalStateException`. A system call or native
    /// function that holds a tensor (a channel that writes it, say) is waited for, as long as the options say. Raw
    /// addresses handed to native code are not protected.
    ///
    /// @throws IllegalStateException if a tensor is still held when that time is up; the store stays open
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        if (ownsArena) {
            closeArena();
        }
        closed = true;
    }

    private void closeArena() {
        long deadline = System.nanoTime() + closeTimeout.toNanos();
        while (true) {
            try {
                arena.close();
                return;
            } catch (IllegalStateException held) {
                if (!arena.scope().isAlive()) {
                    throw held;
                }
                if (System.nanoTime() - deadline >= 0 || !pause()) {
                    throw new IllegalStateException(
                            Printable.escape(name())
                                    + ": cannot be closed: a system call or native function still holds"
                                    + " a tensor after " + closeTimeout,
                            held);
                }
            }
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
