package dev.ffmstore.internal.pass;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/// A few threads that take numbered pieces of work off one counter, until there are none or one of them fails.
public final class Workers {
    private static final long TICK_MILLIS = 100;

    /// A worker's own part: made on its thread, used and closed by it alone.
    @FunctionalInterface
    public interface Task extends AutoCloseable {
        /// Does one piece of work.
        ///
        /// @param index which, 0 to the count − 1
        /// @throws Exception if it fails: every worker stops, and the caller gets the exception
        void run(long index) throws Exception;

        /// Frees what the part holds, once there is no more work for it.
        @Override
        default void close() {}
    }

    /// Makes the part of one worker.
    @FunctionalInterface
    public interface TaskFactory {
        /// {@return a task for the thread that calls}
        Task create();
    }

    /// Work by workers whose caller reads or writes files.
    @FunctionalInterface
    public interface Work {
        /// Does it, by one or more calls of [#run].
        void run() throws Exception;
    }

    private final TaskFactory tasks;
    private final long count;
    private final AtomicLong next = new AtomicLong();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private final CountDownLatch running;

    private Workers(int threads, long count, TaskFactory tasks) {
        this.tasks = tasks;
        this.count = count;
        this.running = new CountDownLatch(threads);
    }

    /// Does all pieces of work and waits for the end of them. When it returns or throws, no worker is running any
    /// more.
    ///
    /// @param threads how many workers
    /// @param count how many pieces of work
    /// @param tasks makes each worker's part
    /// @param tick called on the calling thread a few times a second while the work goes on; what it throws stops
    /// the work
    /// @throws InterruptedException if the calling thread is interrupted; the workers stop, they are not
    /// interrupted themselves
    /// @throws Exception what a worker or `tick` threw first
    public static void run(int threads, long count, TaskFactory tasks, Runnable tick) throws Exception {
        int useful = useful(threads, count);
        new Workers(useful, count, tasks).runAll(useful, tick);
    }

    /// Does work whose only checked exceptions are those of reading and writing, and an interrupt.
    ///
    /// @param work the work
    /// @param interrupted what an interrupt is said to have ended, such as `FILE: load interrupted`
    /// @throws InterruptedIOException if the calling thread is interrupted, whose interrupt status stays set
    /// @throws IOException what the work throws
    public static void inputOutput(Work work, String interrupted) throws IOException {
        try {
            work.run();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            InterruptedIOException failure = new InterruptedIOException(interrupted);
            failure.initCause(e);
            throw failure;
        } catch (IOException | RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException(e); // no worker throws any other
        }
    }

    /// {@return how many of some workers find anything to do, 1 or more}
    ///
    /// @param threads how many workers
    /// @param count how many pieces of work
    public static int useful(int threads, long count) {
        return (int) Math.max(1, Math.min(threads, count));
    }

    private void runAll(int threads, Runnable tick) throws Exception {
        List<Thread> started = new ArrayList<>();
        try {
            for (int i = 0; i < threads; i++) {
                started.add(Thread.ofPlatform()
                        .daemon()
                        .name("ffm-store-worker-" + i)
                        .start(this::work));
            }
            while (!running.await(TICK_MILLIS, TimeUnit.MILLISECONDS)) {
                tick.run();
            }
        } catch (Throwable e) {
            failure.compareAndSet(null, e);
        }
        joinAll(started);
        Throwable first = failure.get();
        if (first instanceof Error error) {
            throw error;
        }
        if (first != null) {
            throw (Exception) first;
        }
    }

    private void work() {
        try (Task task = tasks.create()) {
            for (long index = next.getAndIncrement();
                    index < count && failure.get() == null;
                    index = next.getAndIncrement()) {
                task.run(index);
            }
        } catch (Throwable e) {
            failure.compareAndSet(null, e);
        } finally {
            running.countDown();
        }
    }

    /// Waits for every thread, interrupted or not: nothing they write to may be freed before.
    private static void joinAll(List<Thread> threads) {
        boolean interrupted = false;
        for (Thread thread : threads) {
            while (true) {
                try {
                    thread.join();
                    break;
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
