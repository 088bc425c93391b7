package dev.ffmstore.internal.http;

import dev.ffmstore.internal.pass.Pass;
import dev.ffmstore.internal.text.Problem;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// Why a thread that waits for a server stops waiting: an interrupt, the end of the pass that it works for, or the
/// end of the source.
///
/// @param file the name of the file in messages
/// @param isClosed whether the source is closed
record Stopping(String file, BooleanSupplier isClosed) {
    /// How long a thread waits at most before it looks again whether it has to stop.
    static final long TICK_MILLIS = 100;

    /// Ends the current thread's work if it has to stop.
    ///
    /// @throws InterruptedIOException if the thread is interrupted, whose status stays set, or if the pass that
    /// it is a worker of is over
    /// @throws ClosedChannelException if the source is closed
    void check() throws IOException {
        if (isClosed.getAsBoolean()) {
            throw new ClosedChannelException();
        }
        if (Thread.currentThread().isInterrupted()) {
            throw interrupted(null);
        }
        if (Pass.isOver()) {
            throw new InterruptedIOException(
                    Problem.of(file, "reading was given up").toString());
        }
    }

    /// {@return the exception for an interrupt of the current thread, whose status is set}
    InterruptedIOException interrupted(@Nullable InterruptedException cause) {
        Thread.currentThread().interrupt();
        InterruptedIOException failure = new InterruptedIOException(
                Problem.of(file, "interrupted while being read").toString());
        failure.initCause(cause);
        return failure;
    }

    /// Waits, unless the thread has to stop.
    void sleep(long nanos) throws IOException {
        long end = System.nanoTime() + nanos;
        check();
        for (long left = nanos; left > 0; left = end - System.nanoTime()) {
            try {
                TimeUnit.NANOSECONDS.sleep(Math.min(left, TimeUnit.MILLISECONDS.toNanos(TICK_MILLIS)));
            } catch (InterruptedException e) {
                throw interrupted(e);
            }
            check();
        }
    }
}
