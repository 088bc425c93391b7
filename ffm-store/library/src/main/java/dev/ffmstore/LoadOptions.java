package dev.ffmstore;

import dev.ffmstore.gguf.GgufOptions;
import java.lang.foreign.Arena;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The settings of a load. Immutable; each method that takes a value returns a copy with that value.
///
/// ```java
/// LoadOptions options = LoadOptions.defaults().threads(2).filter(new NameFilter(List.of("blk.*"), List.of()));
/// ```
public final class LoadOptions {
    private static final LoadOptions DEFAULTS = new LoadOptions(
            Runtime.getRuntime().availableProcessors(),
            DecoderChoice.AUTO,
            NameFilter.all(),
            null,
            null,
            true,
            Duration.ofSeconds(10),
            GgufOptions.defaults(),
            null,
            DTypes.dense(),
            Names.gguf());

    private final int threads;
    private final DecoderChoice decoder;
    private final NameFilter filter;
    private final @Nullable ProgressListener progress;
    private final @Nullable Arena arena;
    private final boolean memoryCheck;
    private final Duration closeTimeout;
    private final GgufOptions gguf;
    private final @Nullable Boolean applyScales;
    private final DTypes dtypes;
    private final Names names;

    private LoadOptions(
            int threads,
            DecoderChoice decoder,
            NameFilter filter,
            @Nullable ProgressListener progress,
            @Nullable Arena arena,
            boolean memoryCheck,
            Duration closeTimeout,
            GgufOptions gguf,
            @Nullable Boolean applyScales,
            DTypes dtypes,
            Names names) {
        this.threads = threads;
        this.decoder = decoder;
        this.filter = filter;
        this.progress = progress;
        this.arena = arena;
        this.memoryCheck = memoryCheck;
        this.closeTimeout = closeTimeout;
        this.gguf = gguf;
        this.applyScales = applyScales;
        this.dtypes = dtypes;
        this.names = names;
    }

    /// {@return what most users want: all processors, the decoders that are done first, every tensor, an arena of
    /// the store's own}
    public static LoadOptions defaults() {
        return DEFAULTS;
    }

    /// {@return the number of workers, 1 or more; by default one a processor}
    public int threads() {
        return threads;
    }

    /// {@return these options with another number of workers}
    ///
    /// @throws IllegalArgumentException if it is not positive
    public LoadOptions threads(int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("threads: expected 1 or more, got " + threads);
        }
        return new LoadOptions(
                threads, decoder, filter, progress, arena, memoryCheck, closeTimeout, gguf, applyScales, dtypes, names);
    }

    /// {@return which decoders are used; by default those that are done first}
    public DecoderChoice decoder() {
        return decoder;
    }

    /// {@return these options with another choice of decoders}
    public LoadOptions decoder(DecoderChoice decoder) {
        return new LoadOptions(
                threads, decoder, filter, progress, arena, memoryCheck, closeTimeout, gguf, applyScales, dtypes, names);
    }

    /// {@return which tensors are loaded; by default all}
    public NameFilter filter() {
        return filter;
    }

    /// {@return these options for other tensors}
    public LoadOptions filter(NameFilter filter) {
        return new LoadOptions(
                threads, decoder, filter, progress, arena, memoryCheck, closeTimeout, gguf, applyScales, dtypes, names);
    }

    /// {@return who hears of the progress, if anyone}
    public Optional<ProgressListener> progress() {
        return Optional.ofNullable(progress);
    }

    /// {@return these options with a listener}
    public LoadOptions progress(ProgressListener listener) {
        return new LoadOptions(
                threads, decoder, filter, listener, arena, memoryCheck, closeTimeout, gguf, applyScales, dtypes, names);
    }

    /// {@return the caller's arena, if one was given}
    public Optional<Arena> arena() {
        return Optional.ofNullable(arena);
    }

    /// {@return these options with an arena of the caller's}
    ///
    /// The tensors then live until that arena is closed; the store never closes it. Memory is bound to it once the
    /// load has succeeded; only where native access is not enabled does memory come from it as the load goes on,
    /// and stays with it should the load fail.
    ///
    /// @param arena a shared, automatic or global arena. Without native access an automatic arena gets its memory
    /// under the JVM's limit for direct buffers, `-XX:MaxDirectMemorySize`, which is that of the heap by default
    /// @throws IllegalArgumentException if it is confined to a thread: the workers could not write to it
    public LoadOptions arena(Arena arena) {
        if (!arena.allocate(0).isAccessibleBy(new Thread(() -> {}))) {
            throw new IllegalArgumentException("the arena is confined to one thread: expected a shared one");
        }
        return new LoadOptions(
                threads, decoder, filter, progress, arena, memoryCheck, closeTimeout, gguf, applyScales, dtypes, names);
    }

    /// {@return whether a load that needs more memory than there is gets refused; by default it does}
    public boolean memoryCheck() {
        return memoryCheck;
    }

    /// {@return these options with or without the check of the memory available}
    public LoadOptions memoryCheck(boolean check) {
        return new LoadOptions(
                threads, decoder, filter, progress, arena, check, closeTimeout, gguf, applyScales, dtypes, names);
    }

    /// {@return how long `close` waits for system calls that hold a tensor; by default ten seconds}
    public Duration closeTimeout() {
        return closeTimeout;
    }

    /// {@return these options with another time for `close` to wait}
    public LoadOptions closeTimeout(Duration timeout) {
        return new LoadOptions(
                threads, decoder, filter, progress, arena, memoryCheck, timeout, gguf, applyScales, dtypes, names);
    }

    /// {@return the limits under which a file is opened}
    public GgufOptions gguf() {
        return gguf;
    }

    /// {@return these options with other limits for opening a file}
    public LoadOptions gguf(GgufOptions options) {
        return new LoadOptions(
                threads,
                decoder,
                filter,
                progress,
                arena,
                memoryCheck,
                closeTimeout,
                options,
                applyScales,
                dtypes,
                names);
    }

    /// {@return whether companion scales are applied; empty while nobody has decided}
    public Optional<Boolean> applyScales() {
        return Optional.ofNullable(applyScales);
    }

    /// {@return these options with a decision on companion scales}
    ///
    /// A model with tensors of type NVFP4 may carry, beside a weight `NAME.weight`, a tensor `NAME.scale` (or
    /// `NAME.weight.scale`) that its elements are to be multiplied by. Applied, an element is ggml's value
    /// times the scale, rounded once to a float; left, it is ggml's value, for the engine to multiply. The
    /// scales themselves are tensors like any other either way, and apply even if the filter leaves them out.
    /// Without a decision they are left, and a load that meets any says so in the log.
    ///
    /// @param apply whether to apply them
    public LoadOptions applyScales(boolean apply) {
        return new LoadOptions(
                threads, decoder, filter, progress, arena, memoryCheck, closeTimeout, gguf, apply, dtypes, names);
    }

    /// {@return what tensors of floats become; by default F32}
    public DTypes dtypes() {
        return dtypes;
    }

    /// {@return these options with other types for tensors of floats}
    ///
    /// @param dtypes rules whose patterns match the model's own names
    public LoadOptions dtypes(DTypes dtypes) {
        return new LoadOptions(
                threads, decoder, filter, progress, arena, memoryCheck, closeTimeout, gguf, applyScales, dtypes, names);
    }

    /// {@return the convention of the names and layouts of the dense tensors; by default the model's own}
    public Names names() {
        return names;
    }

    /// {@return these options with another convention of names and layouts}
    public LoadOptions names(Names names) {
        return new LoadOptions(
                threads, decoder, filter, progress, arena, memoryCheck, closeTimeout, gguf, applyScales, dtypes, names);
    }
}
