package dev.ffmstore;

import java.lang.foreign.Arena;
import java.time.Duration;
import java.util.Optional;

/// How a load is done: its effort, and the settings that only memory has. Which tensors are loaded, and in which
/// form, is said by a [TensorForm]. Immutable; each method that takes a value returns a copy with that value.
///
/// ```java
/// LoadOptions options = LoadOptions.defaults().threads(2);
/// ```
///
/// @param effort how the work is done
/// @param arena the caller's arena, if one was given
/// @param memoryCheck whether a load that needs more memory than is available is refused
/// @param closeTimeout how long `close` waits for system calls that hold a tensor
public record LoadOptions(Effort effort, Optional<Arena> arena, boolean memoryCheck, Duration closeTimeout) {
    private static final LoadOptions DEFAULTS =
            new LoadOptions(Effort.defaults(), Optional.empty(), true, Duration.ofSeconds(10));

    /// {@return what most users want: a worker per processor, the decoders that finish first, an arena of the
    /// store's own, a check of the available memory, and ten seconds to close}
    public static LoadOptions defaults() {
        return DEFAULTS;
    }

    /// {@return these options with another effort}
    public LoadOptions effort(Effort effort) {
        return new LoadOptions(effort, arena, memoryCheck, closeTimeout);
    }

    /// {@return the number of workers}
    public int threads() {
        return effort.threads();
    }

    /// {@return these options with another number of workers}
    ///
    /// @throws IllegalArgumentException if the number is not positive
    public LoadOptions threads(int threads) {
        return effort(effort.threads(threads));
    }

    /// {@return these options with another choice of decoders}
    public LoadOptions decoder(DecoderChoice decoder) {
        return effort(effort.decoder(decoder));
    }

    /// {@return these options with a listener, which is told of the dense bytes that are written}
    public LoadOptions progress(ProgressListener listener) {
        return effort(effort.progress(listener));
    }

    /// {@return these options with an arena of the caller's}
    ///
    /// The tensors then live until that arena is closed; the store never closes it. The arena is asked once for all
    /// memory of the tensors, on the thread that loads, whatever flags the JVM has; that memory stays with the
    /// arena if the load fails.
    ///
    /// @param arena an arena whose memory every thread may write to: a shared, automatic or global one, or one of
    /// the caller's own making, which need not be thread-safe. An automatic arena gets its memory under the JVM's
    /// limit for direct buffers, `-XX:MaxDirectMemorySize`, which is that of the heap by default
    /// @throws IllegalArgumentException if the arena is confined to a thread: the workers could not write to its
    /// memory
    public LoadOptions arena(Arena arena) {
        if (!arena.allocate(0).isAccessibleBy(new Thread(() -> {}))) {
            throw new IllegalArgumentException("the arena is confined to one thread: expected a shared one");
        }
        return new LoadOptions(effort, Optional.of(arena), memoryCheck, closeTimeout);
    }

    /// {@return these options with or without the check of the available memory}
    public LoadOptions memoryCheck(boolean check) {
        return new LoadOptions(effort, arena, check, closeTimeout);
    }

    /// {@return these options with another time for `close` to wait, of any length}
    public LoadOptions closeTimeout(Duration timeout) {
        return new LoadOptions(effort, arena, memoryCheck, timeout);
    }
}
