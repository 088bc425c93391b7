package dev.ffmstore.internal.http;

import java.time.Duration;
import java.util.Optional;
import javax.net.ssl.SSLContext;

/// Settings that make failures come soon.
final class TestSettings {
    static final int ATTEMPTS = 4;
    static final int REDIRECTS = 5;

    private TestSettings() {}

    /// {@return settings that wait long enough for a server that answers}
    static HttpSettings patient() {
        return of(Duration.ofSeconds(30), Optional.empty(), Optional.empty());
    }

    /// {@return settings that wait for a connection and for a response no longer than this}
    static HttpSettings impatient(Duration readTimeout) {
        return of(readTimeout, Optional.empty(), Optional.empty());
    }

    /// {@return settings with a token}
    static HttpSettings with(Optional<BearerToken> token, SSLContext tls) {
        return of(Duration.ofSeconds(30), token, Optional.of(tls));
    }

    private static HttpSettings of(Duration readTimeout, Optional<BearerToken> token, Optional<SSLContext> tls) {
        return new HttpSettings(
                readTimeout,
                readTimeout,
                1000,
                ATTEMPTS,
                Duration.ofMinutes(1),
                Duration.ofMillis(4),
                Duration.ofMillis(8),
                Duration.ofSeconds(5),
                REDIRECTS,
                token,
                tls);
    }
}
