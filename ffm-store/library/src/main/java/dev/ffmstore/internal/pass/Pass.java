package dev.ffmstore.internal.pass;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.Arena;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/// The one loop of the library: a few workers, each with resources of its own, take numbered pieces of work off one
/// counter, until there are none left or a worker fails. Loads, exports, digests, statistics, differences and scans
/// are this loop with different tasks.
///
/// ```java
/// new Pass(threads, "model.gguf: load interrupted").run(count, worker -> {
///     TensorReader reader = worker.own(source.reader(worker.arena()));
///     return index -> { …; worker.add(bytes); };
/// }, done -> listener.progress(done, total));
/// ```
///
/// When `run` returns or throws, no worker is running any more, and what the workers owned is closed. A failure of
/// one worker stops the others; the first failure is thrown, and later ones are suppressed in it. An interrupt of
/// the calling thread stops the workers too, and its interrupt status is set afterwards, whatever is thrown. The
/// workers themselves are never interrupted.
public final class Pass {
    private static final long TICK_MILLIS = 100;

    /// The run that the current thread is a worker of.
    private static final ScopedValue<Run> CURRENT = ScopedValue.newInstance();

    /// Does one piece of work after another, on one thread.
    @FunctionalInterface
    public interface Task {
        /// Does a piece of work.
        ///
        /// @param index which piece, 0 to the count − 1
        void run(long index) throws IOException;
    }

    /// Makes the task of each worker, on the worker's thread.
    @FunctionalInterface
    public interface TaskFactory {
        /// {@return the task of a worker}
        Task begin(Worker worker) throws IOException;
    }

    /// Is told how much is done, on the calling thread, a few times a second.
    @FunctionalInterface
    public interface Progress {
        /// @param done the sum of what all workers have added
        /// @throws IOException if the pass is to stop
        void at(long done) throws IOException;
    }

    /// The resources of one worker, for its own thread only, except for the arena.
    public final class Worker {
        private final Arena arena;
        private final Deque<AutoCloseable> owned = new ArrayDeque<>();

        private Worker(Arena arena) {
            this.arena = arena;
        }

        /// {@return an arena for buffers, shared by all workers, which lives as long as the pass}
        public Arena arena() {
            return arena;
        }

        /// {@return the resource, which is closed when the worker ends}
        public <T extends AutoCloseable> T own(T resource) {
            owned.push(resource);
            return resource;
        }

        /// Adds to the amount of work that is done.
        public void add(long amount) {
            done.add(amount);
        }

        private void close() throws Exception {
            Exception failure = null;
            while (!owned.isEmpty()) {
                try {
                    owned.pop().close();
                } catch (Exception e) {
                    if (failure == null) {
                        failure = e;
                    } else {
                        failure.addSuppressed(e);
                    }
                }
            }
            if (failure != null) {
                throw failure;
            }
        }
    }

    private final int threads;
    private final String interrupted;
    private final LongAdder done = new LongAdder();

    /// @param threads the number of workers that are asked for
    /// @param interrupted the message for an interrupt, such as `FILE: load interrupted`
    public Pass(int threads, String interrupted) {
        this.threads = threads;
        this.interrupted = interrupted;
    }

    /// {@return how many workers have anything to do, 1 or more}
    ///
    /// @param threads the number of workers that are asked for
    /// @param count the number of pieces of work
    public static int useful(int threads, long count) {
        return (int) Math.max(1, Math.min(threads, count));
    }

    /// {@return whether the current thread is a worker of a pass that has failed or was interrupted, so that nobody
    /// wants its work any more; what waits for long asks this, since workers are not interrupted}
    public static boolean isOver() {
        return CURRENT.isBound() && CURRENT.get().failure.get() != null;
    }

    /// {@return how much is done so far, in all runs of this pass; may be called by any thread}
    public long done() {
        return done.sum();
    }

    /// Does all pieces of work, and waits until they are done.
    ///
    /// @param count the number of pieces of work
    /// @param tasks makes each worker's task
    /// @param progress is told how much is done while the work goes on; not called once it has ended
    /// @throws InterruptedIOException if the calling thread is interrupted, whose interrupt status stays set
    /// @throws IOException what a worker or `progress` threw first
    public void run(long count, TaskFactory tasks, Progress progress) throws IOException {
        try (Arena arena = Arena.ofShared()) {
            new Run(useful(threads, count), count, tasks, arena).runAll(progress);
        }
    }

    /// {@return the exception for an interrupt of the current thread, whose interrupt status is set again}
    ///
    /// @param message what was interrupted
    /// @param cause how it was noticed
    private static InterruptedIOException interrupted(String message, Throwable cause) {
        Thread.currentThread().interrupt();
        InterruptedIOException failure = new InterruptedIOException(message);
        failure.initCause(cause);
        return failure;
    }

    /// One run of the loop.
    private final class Run {
        private final int workers;
        private final long count;
        private final TaskFactory tasks;
        private final Arena arena;
        private final AtomicLong next = new AtomicLong();
        private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
        private final CountDownLatch running;

        Run(int workers, long count, TaskFactory tasks, Arena arena) {
            this.workers = workers;
            this.count = count;
            this.tasks = tasks;
            this.arena = arena;
            this.running = new CountDownLatch(workers);
        }

        void runAll(Progress progress) throws IOException {
            List<Thread> started = new ArrayList<>();
            boolean wasInterrupted = false;
            try {
                for (int i = 0; i < workers; i++) {
                    started.add(Thread.ofPlatform()
                            .daemon()
                            .name("ffm-store-worker-" + i)
                            .start(() -> ScopedValue.where(CURRENT, this).run(this::work)));
                }
                while (!running.await(TICK_MILLIS, TimeUnit.MILLISECONDS)) {
                    progress.at(done());
                }
            } catch (InterruptedException e) {
                wasInterrupted = true;
                fail(interrupted(interrupted, e));
            } catch (Throwable e) {
                fail(e);
            }
            boolean interruptedLater = joinAll(started);
            if (wasInterrupted || interruptedLater) {
                Thread.currentThread().interrupt();
            }
            switch (failure.get()) {
                case null -> {}
                case IOException e -> throw e;
                case Error e -> throw e;
                case RuntimeException e -> throw e;
                case Throwable e -> throw new IllegalStateException(e); // thrown by a resource that was closed
            }
        }

        private void fail(Throwable e) {
            if (!failure.compareAndSet(null, e)) {
                Throwable first = failure.get();
                if (first != null && first != e) {
                    first.addSuppressed(e);
                }
            }
        }

        private void work() {
            Worker worker = new Worker(arena);
            try {
                Task task = tasks.begin(worker);
                for (long index = next.getAndIncrement();
                        index < count && failure.get() == null;
                        index = next.getAndIncrement()) {
                    task.run(index);
                }
            } catch (Throwable e) {
                fail(e);
            } finally {
                try {
                    worker.close();
                } catch (Throwable e) {
                    fail(e);
                }
                running.countDown();
            }
        }

        /// Waits for every thread, interrupted or not, since nothing that they write to may be freed before, and
        /// returns whether there was an interrupt.
        private static boolean joinAll(List<Thread> threads) {
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
            return interrupted;
        }
    }
}
