package dev.ffmstore.export;

import dev.ffmstore.ProgressListener;

/// The settings of an export. Immutable; each method that takes a value returns a copy with that value.
///
/// @param threads the number of workers, 1 or more
/// @param progress is told of the bytes of the output that are written
/// @param replace whether a target that exists already is replaced, once the export is complete
public record ExportOptions(int threads, ProgressListener progress, boolean replace) {
    private static final ExportOptions DEFAULTS =
            new ExportOptions(Runtime.getRuntime().availableProcessors(), (done, total) -> {}, false);

    /// @throws IllegalArgumentException if the number of workers is not positive
    public ExportOptions {
        if (threads < 1) {
            throw new IllegalArgumentException("threads: expected 1 or more, got " + threads);
        }
    }

    /// {@return what most users want: a worker per processor, and no target that exists already is replaced}
    public static ExportOptions defaults() {
        return DEFAULTS;
    }

    /// {@return these options with another number of workers}
    ///
    /// @throws IllegalArgumentException if the number is not positive
    public ExportOptions threads(int threads) {
        return new ExportOptions(threads, progress, replace);
    }

    /// {@return these options with a listener}
    public ExportOptions progress(ProgressListener listener) {
        return new ExportOptions(threads, listener, replace);
    }

    /// {@return these options with another decision on a target that exists already}
    public ExportOptions replace(boolean replace) {
        return new ExportOptions(threads, progress, replace);
    }
}
