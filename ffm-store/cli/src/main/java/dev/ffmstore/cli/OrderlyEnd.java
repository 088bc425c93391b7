package dev.ffmstore.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// Lets work of the calling thread end in an orderly way when the process is told to end, by Ctrl-C or SIGTERM: the
/// thread is interrupted, and the process waits a while for it to clean up.
final class OrderlyEnd implements AutoCloseable {
    private static final long PATIENCE_SECONDS = 20;

    private final Thread worker = Thread.currentThread();
    private final CountDownLatch ended = new CountDownLatch(1);
    private final Thread hook = new Thread(this::end, "ffm-store-end");

    OrderlyEnd() {
        Runtime.getRuntime().addShutdownHook(hook);
    }

    private void end() {
        worker.interrupt();
        try {
            boolean _ = ended.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException _) {
            return; // the process ends at once then
        }
    }

    /// Says that the work has ended.
    @Override
    public void close() {
        ended.countDown();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException _) {
            return; // the process is ending
        }
    }
}
