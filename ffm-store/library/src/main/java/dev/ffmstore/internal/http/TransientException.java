package dev.ffmstore.internal.http;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// A failure that may be gone at the next attempt. Its message is a sentence that is safe to print, without the
/// name of the file.
final class TransientException extends IOException {
    private static final long serialVersionUID = 1L;

    private final String sentence;
    private final @Nullable Duration retryAfter;
    private final boolean unreachable;

    private TransientException(
            String sentence, @Nullable Throwable cause, @Nullable Duration retryAfter, boolean unreachable) {
        super(sentence, cause);
        this.sentence = sentence;
        this.retryAfter = retryAfter;
        this.unreachable = unreachable;
    }

    /// {@return a failure of a connection or of a response}
    static TransientException of(String sentence, @Nullable Throwable cause) {
        return new TransientException(sentence, cause, null, false);
    }

    /// {@return a failure to reach the server at all}
    static TransientException unreachable(String sentence, Throwable cause) {
        return new TransientException(sentence, cause, null, true);
    }

    /// {@return an answer of a server that cannot answer now}
    ///
    /// @param retryAfter how long it asks to be left alone
    static TransientException asked(String sentence, Optional<Duration> retryAfter) {
        return new TransientException(sentence, null, retryAfter.orElse(null), false);
    }

    /// {@return what went wrong}
    String sentence() {
        return sentence;
    }

    /// {@return how long the server asks to be left alone}
    Optional<Duration> retryAfter() {
        return Optional.ofNullable(retryAfter);
    }

    /// {@return whether there was no connection to the server}
    boolean isUnreachable() {
        return unreachable;
    }
}
