package dev.ffmstore.internal.http;

import java.time.Duration;
import java.util.Optional;
import javax.net.ssl.SSLContext;

/// How long a server is waited for, how often it is asked again, and who is shown a token.
///
/// @param connectTimeout how long a connection may take
/// @param readTimeout how long a response may take to begin, and how long [#leastBytes] of it may take
/// @param leastBytes how many bytes must arrive in each read timeout, unless the response ends before
/// @param attempts how often a range is asked for, 1 or more
/// @param totalTime how long a range may take with all attempts and pauses
/// @param firstPause how long the pause after the first failure is, at most; each one after it is twice as long
/// @param longestPause how long these pauses become
/// @param longestWait the longest wait that a server may ask for by `Retry-After`
/// @param redirects how many redirects one after another are followed
/// @param token the token, if there is one
/// @param tls what TLS trusts; empty for what the JVM trusts
record HttpSettings(
        Duration connectTimeout,
        Duration readTimeout,
        long leastBytes,
        int attempts,
        Duration totalTime,
        Duration firstPause,
        Duration longestPause,
        Duration longestWait,
        int redirects,
        Optional<BearerToken> token,
        Optional<SSLContext> tls) {
    private static final int ATTEMPTS = 6;
    private static final int REDIRECTS = 10;

    /// {@return the settings that documentation promises, with the token of this process}
    static HttpSettings defaults() {
        return new HttpSettings(
                Duration.ofSeconds(10),
                Duration.ofSeconds(30),
                64 << 10,
                ATTEMPTS,
                Duration.ofMinutes(5),
                Duration.ofMillis(250),
                Duration.ofSeconds(8),
                Duration.ofMinutes(1),
                REDIRECTS,
                BearerToken.ofThisProcess(),
                Optional.empty());
    }
}
