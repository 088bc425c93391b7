package dev.ffmstore.internal.files;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileLockInterruptionException;

/// Turns an interrupt of the thread that writes files into one exception, and an interrupt status that stays set.
public final class Interrupts {
    /// Work with files that returns something.
    @FunctionalInterface
    public interface Work<T> {
        /// Does the work.
        T run() throws IOException;
    }

    /// A step that is done even if the thread is interrupted.
    @FunctionalInterface
    interface Step {
        void run() throws IOException;
    }

    private Interrupts() {}

    /// Does work; if an interrupt ends it, this throws one exception, however the channels report the interrupt.
    ///
    /// @param interrupted what the interrupt is said to have ended, such as `FILE: export interrupted`
    /// @return what the work returns
    /// @throws InterruptedIOException if an interrupt ended it; the thread's interrupt status is set
    /// @throws IOException what the work throws
    public static <T> T inOneForm(String interrupted, Work<T> work) throws IOException {
        try {
            return work.run();
        } catch (IOException e) {
            if (!comesOfAnInterrupt(e)) {
                throw e;
            }
            Thread.currentThread().interrupt();
            if (e instanceof InterruptedIOException) {
                throw e;
            }
            InterruptedIOException failure = new InterruptedIOException(interrupted);
            failure.initCause(e);
            throw failure;
        }
    }

    /// Ends work that is not done yet, if the thread is interrupted.
    ///
    /// @throws InterruptedIOException if the thread is interrupted; its interrupt status stays set
    static void check(String interrupted) throws InterruptedIOException {
        if (Thread.currentThread().isInterrupted()) {
            throw new InterruptedIOException(interrupted);
        }
    }

    /// Repeats a step until no interrupt has disturbed it. If there was an interrupt, the status is set afterwards.
    static void later(Step step) throws IOException {
        boolean interrupted = Thread.interrupted();
        try {
            while (true) {
                try {
                    step.run();
                    return;
                } catch (ClosedByInterruptException _) {
                    interrupted |= Thread.interrupted();
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static boolean comesOfAnInterrupt(IOException failure) {
        for (Throwable e = failure; e != null; e = e.getCause()) {
            if (e instanceof ClosedByInterruptException
                    || e instanceof FileLockInterruptionException
                    || e instanceof InterruptedException
                    || e instanceof InterruptedIOException) {
                return true;
            }
        }
        return false;
    }
}
