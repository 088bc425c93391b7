package dev.ffmstore;

/// How work of any kind is done: with how many workers, with which decoders, and who is told of its progress.
/// Immutable; each method that takes a value returns a copy with that value.
///
/// @param threads the number of workers, 1 or more
/// @param decoder which decoders are used
/// @param progress is told of the progress
public record Effort(int threads, DecoderChoice decoder, ProgressListener progress) {
    private static final Effort DEFAULTS =
            new Effort(Runtime.getRuntime().availableProcessors(), DecoderChoice.AUTO, (done, total) -> {});

    /// @throws IllegalArgumentException if the number of workers is not positive
    public Effort {
        if (threads < 1) {
            throw new IllegalArgumentException("threads: expected 1 or more, got " + threads);
        }
    }

    /// {@return the default: a worker per processor, the decoders that finish first, and no listener}
    public static Effort defaults() {
        return DEFAULTS;
    }

    /// {@return this effort with another number of workers}
    ///
    /// @throws IllegalArgumentException if the number is not positive
    public Effort threads(int threads) {
        return new Effort(threads, decoder, progress);
    }

    /// {@return this effort with another choice of decoders}
    public Effort decoder(DecoderChoice decoder) {
        return new Effort(threads, decoder, progress);
    }

    /// {@return this effort with a listener}
    public Effort progress(ProgressListener listener) {
        return new Effort(threads, decoder, listener);
    }
}
