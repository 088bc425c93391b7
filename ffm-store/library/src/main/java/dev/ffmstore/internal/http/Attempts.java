package dev.ffmstore.internal.http;

import dev.ffmstore.internal.text.Problem;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/// The attempts to get one range: how many there were, and when there may be another one.
///
/// The pause after a failure is between a half and the whole of a length that doubles each time, or as long as the
/// server asks for, if that is longer. For one thread.
final class Attempts {
    private final HttpSettings settings;
    private final Stopping stopping;
    private final boolean mustReach;
    private final long start = System.nanoTime();
    private long pause;
    private int failures;

    private Attempts(HttpSettings settings, Stopping stopping, boolean mustReach) {
        this.settings = settings;
        this.stopping = stopping;
        this.mustReach = mustReach;
        this.pause = settings.firstPause().toNanos();
    }

    /// {@return attempts for a file that is being opened: if the server is not there, there is one only}
    static Attempts toOpen(HttpSettings settings, Stopping stopping) {
        return new Attempts(settings, stopping, true);
    }

    /// {@return attempts for a file whose server was there before}
    static Attempts toRead(HttpSettings settings, Stopping stopping) {
        return new Attempts(settings, stopping, false);
    }

    /// {@return when all attempts have to be over, on the clock of `System.nanoTime`}
    long deadline() {
        return start + settings.totalTime().toNanos();
    }

    /// Waits until the next attempt.
    ///
    /// @param failure why there has to be one
    /// @throws IOException if there is none
    void failed(TransientException failure) throws IOException {
        failures++;
        long asked = failure.retryAfter().map(Duration::toNanos).orElse(0L);
        if (asked > settings.longestWait().toNanos()) {
            throw last(
                    failure,
                    "and asks to be left alone for " + Duration.ofNanos(asked).toSeconds() + " s");
        }
        if (mustReach && failure.isUnreachable()) {
            throw new IOException(
                    Problem.ofSentence(stopping.file(), failure.sentence()).toString(), failure);
        }
        long half = pause / 2;
        long wait = Math.max(asked, half + ThreadLocalRandom.current().nextLong(half + 1));
        pause = Math.min(2 * pause, settings.longestPause().toNanos());
        if (failures >= settings.attempts() || System.nanoTime() + wait - deadline() > 0) {
            throw last(failure, failures == 1 ? "1 attempt" : failures + " attempts");
        }
        stopping.sleep(wait);
    }

    private IOException last(TransientException failure, String how) {
        return new IOException(
                Problem.of(stopping.file(), "{}, {}", Problem.printable(failure.sentence()), how)
                        .toString(),
                failure);
    }
}
