package dev.ffmstore.internal.memory;

import dev.ffmstore.internal.text.Problem;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Cleaner;
import java.util.function.BooleanSupplier;

/// Watches for stores that nobody closes.
///
/// What is watched is the scope of a store's memory: the store and every segment of its tensors refer to it, so
/// when it is unreachable nobody can read the tensors any more.
final class Unclosed {
    private static final System.Logger LOG = System.getLogger(Unclosed.class.getName());
    private static final Cleaner CLEANER = Cleaner.create();

    private Unclosed() {}

    /// Frees memory that has become unreachable without having been freed, and says so in the log.
    ///
    /// @param scope the scope of the memory
    /// @param name the name of the store
    /// @param isFreed says whether the memory has been freed; must not refer to the scope
    /// @param free frees the memory; must not refer to the scope
    static void watch(MemorySegment.Scope scope, String name, BooleanSupplier isFreed, Runnable free) {
        CLEANER.register(scope, () -> {
            if (!isFreed.getAsBoolean()) {
                free.run();
                LOG.log(
                        System.Logger.Level.WARNING,
                        Problem.of(
                                        name,
                                        "this store was never closed; its memory has been freed now that nobody can"
                                                + " reach it")
                                .toString());
            }
        });
    }

    /// Logs when memory has become unreachable that cannot be freed any more.
    ///
    /// @param scope the scope of an arena of the store's own
    /// @param name the name of the store
    static Runnable watchUnfreeable(MemorySegment.Scope scope, String name) {
        Closed closed = new Closed();
        CLEANER.register(scope, () -> {
            if (!closed.isTrue) {
                LOG.log(
                        System.Logger.Level.WARNING,
                        Problem.of(name, "this store was never closed, and its memory stays until the process ends")
                                .toString());
            }
        });
        return () -> closed.isTrue = true;
    }

    private static final class Closed {
        volatile boolean isTrue;
    }
}
