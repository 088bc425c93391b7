package dev.ffmstore.internal.http;

import dev.ffmstore.internal.text.Problem;
import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Windows over a remote file, so that reads which follow one another do not cost a round trip each.
///
/// ```text
/// file      │ 256 KiB │ 512 KiB  │ 1 MiB │ 2 MiB │ 4 MiB        │ 4 MiB        │ 4 MiB        │ …
/// readers     ─────────────────────────────────────▲ ▲
/// in flight                                               ahead          ahead
/// ```
///
/// A read that no window covers starts one: of 256 KiB, or of twice the size of the window that it follows, up to 4
/// MiB. Once windows have that size, the next ones are fetched before they are asked for, several at once, but no
/// more than half of what was read in one go so far: readers that jump from tensor to tensor waste little.
///
/// There are at most 16 windows, as many as readers are apart; one that was read to its end gives way first, then
/// the one that was not used for longest. A read for which there is no window fetches straight into its target.
///
/// Any number of threads may read at once; an interrupt of one disturbs no other, since each window is fetched by a
/// virtual thread of its own, which only `close` interrupts.
final class ReadAhead implements Closeable {
    static final int FIRST_BYTES = 256 << 10;
    static final int MOST_BYTES = 4 << 20;
    private static final int MOST_WINDOWS = 16;

    /// How many windows are fetched before they are asked for.
    private static final int AHEAD = 3;

    /// How many windows there may be that nobody has asked for yet.
    private static final int MOST_UNREAD = 6;

    /// How many bytes are read elsewhere before a window that was read to its end is no longer kept for others.
    private static final long KEPT_BYTES = MOST_BYTES;

    /// How many bytes are read elsewhere before a window that nobody has asked for may give way to another one.
    private static final long FORGOTTEN_BYTES = 16L * MOST_BYTES;

    private static final long ALIGNMENT = 64;

    /// Fetches bytes of the file.
    @FunctionalInterface
    interface Fetch {
        /// Fills a segment with the bytes from an offset on.
        void into(long offset, MemorySegment target) throws IOException;
    }

    /// Some bytes of the file, or the place where they are going to be. The fields are guarded by the lock.
    private static final class Window {
        final long from;
        final long to;
        final MemorySegment memory;

        /// How many bytes there are from the start of the first of the windows that this one follows to its end.
        final long run;

        boolean hasArrived;
        boolean isRead;
        boolean isReadToItsEnd;
        int readers;
        long lastUse;

        @Nullable
        IOException failure;

        Window(long from, long to, long run, MemorySegment memory) {
            this.from = from;
            this.to = to;
            this.run = run;
            this.memory = memory;
        }

        boolean covers(long offset) {
            return from <= offset && offset < to;
        }

        long size() {
            return to - from;
        }
    }

    private final long size;
    private final Fetch fetch;
    private final Stopping stopping;
    private final Arena arena;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final List<Window> windows = new ArrayList<>();
    private final Deque<MemorySegment> free = new ArrayDeque<>();
    private final Set<Thread> fetching = new HashSet<>();
    private int allocated;

    /// How many bytes have been read.
    private long clock;

    private boolean closed;

    /// @param size the size of the file
    /// @param fetch fetches bytes of the file; called by several threads at once
    /// @param stopping when a reader that waits has to stop
    /// @param arena allocates the windows; shared, and closed with this
    /// @param start memory of the arena, of the size of a window, which holds the first bytes of the file
    /// @param received how many there are
    ReadAhead(long size, Fetch fetch, Stopping stopping, Arena arena, MemorySegment start, long received) {
        this.size = size;
        this.fetch = fetch;
        this.stopping = stopping;
        this.arena = arena;
        this.allocated = 1;
        if (received > 0) {
            Window window = new Window(0, received, received, start);
            window.hasArrived = true;
            windows.add(window);
        } else {
            free.push(start);
        }
    }

    /// {@return memory for a window}
    static MemorySegment memory(Arena arena) {
        return arena.allocate(MOST_BYTES, ALIGNMENT);
    }

    /// Fills a segment with the bytes of the file from an offset on.
    ///
    /// @throws java.io.InterruptedIOException as [Stopping#check] does
    /// @throws IOException if they cannot be fetched
    void read(long offset, MemorySegment target) throws IOException {
        stopping.check();
        for (long done = 0; done < target.byteSize(); ) {
            long at = offset + done;
            long left = target.byteSize() - done;
            Window window = take(at, left);
            if (window == null) {
                long count = Math.min(left, 2 * MOST_BYTES);
                fetch.into(at, target.asSlice(done, count));
                done += count;
            } else {
                try {
                    await(window);
                    long count = Math.min(left, window.to - at);
                    MemorySegment.copy(window.memory, at - window.from, target, done, count);
                    done += count;
                } finally {
                    leave(window);
                }
            }
        }
    }

    /// {@return the window that covers an offset, started if there is none, and held until it is left; null if the
    /// read is to do without}
    ///
    /// @param left how many bytes are wanted from the offset on
    private @Nullable Window take(long offset, long left) throws IOException {
        lock.lock();
        try {
            if (closed) {
                throw new ClosedChannelException();
            }
            Window window = covering(offset);
            if (window == null && left < MOST_BYTES) {
                Window before = before(offset);
                long size = before == null ? FIRST_BYTES : Math.clamp(2 * before.size(), FIRST_BYTES, MOST_BYTES);
                window = start(offset, Math.max(left, size), before, memoryForReader());
            }
            if (window == null) {
                clock += left;
                return null;
            }
            clock += Math.min(left, window.to - offset);
            window.readers++;
            window.isRead = true;
            window.isReadToItsEnd |= left >= window.to - offset;
            window.lastUse = clock;
            startAhead(window);
            return window;
        } finally {
            lock.unlock();
        }
    }

    private @Nullable Window covering(long offset) {
        for (Window window : windows) {
            if (window.covers(offset)) {
                return window;
            }
        }
        return null;
    }

    /// {@return the window that a read at an offset follows: the largest of those that end shortly before it}
    private @Nullable Window before(long offset) {
        Window largest = null;
        for (Window window : windows) {
            long gap = offset - window.to;
            if (gap >= 0 && gap <= FIRST_BYTES && (largest == null || window.run > largest.run)) {
                largest = window;
            }
        }
        return largest;
    }

    /// Starts to fetch what is going to be read after a window.
    private void startAhead(Window window) {
        Window last = window;
        for (int i = 0; i < AHEAD && last.to < size; i++) {
            Window next = covering(last.to);
            if (next == null) {
                boolean isWorthIt = window.size() == MOST_BYTES && last.to + MOST_BYTES - window.to <= window.run / 2;
                next = isWorthIt ? start(last.to, MOST_BYTES, last, memoryAhead()) : null;
            }
            if (next == null) {
                return;
            }
            last = next;
        }
    }

    /// Starts to fetch a window.
    ///
    /// @param wanted how many bytes it is to have; it has fewer if the file or another window is in the way
    /// @param before the window that it follows, if there is one
    /// @return the window; null if there is no memory for it
    private @Nullable Window start(long from, long wanted, @Nullable Window before, @Nullable MemorySegment memory) {
        if (memory == null) {
            return null;
        }
        long to = Math.min(size, from + wanted);
        for (Window other : windows) {
            if (other.from > from) {
                to = Math.min(to, other.from);
            }
        }
        Window window = new Window(from, to, (before == null ? 0 : before.run) + to - from, memory);
        window.lastUse = clock;
        windows.add(window);
        Thread thread = Thread.ofVirtual().name("ffm-store-fetch").unstarted(() -> fill(window));
        fetching.add(thread);
        thread.start();
        return window;
    }

    /// {@return memory for a window that a reader waits for; null if all is in use}
    private @Nullable MemorySegment memoryForReader() {
        MemorySegment memory = memory();
        return memory == null ? memoryOf(oldest(_ -> true)) : memory;
    }

    /// {@return memory for a window that nobody waits for yet; null if there are enough of those}
    private @Nullable MemorySegment memoryAhead() {
        long unread = windows.stream().filter(window -> !window.isRead).count();
        return unread < MOST_UNREAD
                ? memory()
                : memoryOf(oldest(window -> !window.isRead && clock - window.lastUse >= FORGOTTEN_BYTES));
    }

    /// {@return memory for a window: that of one which is done with, new memory, or that of one which was read}
    private @Nullable MemorySegment memory() {
        if (!free.isEmpty()) {
            return free.pop();
        }
        MemorySegment done = memoryOf(oldest(window -> window.isReadToItsEnd && clock - window.lastUse >= KEPT_BYTES));
        if (done != null) {
            return done;
        }
        if (allocated < MOST_WINDOWS) {
            allocated++;
            return memory(arena);
        }
        return memoryOf(oldest(window -> window.isRead));
    }

    /// {@return of the windows that nobody reads, the one that was not used for longest}
    private @Nullable Window oldest(Predicate<Window> kind) {
        Window oldest = null;
        for (Window window : windows) {
            if (window.hasArrived
                    && window.readers == 0
                    && kind.test(window)
                    && (oldest == null || window.lastUse < oldest.lastUse)) {
                oldest = window;
            }
        }
        return oldest;
    }

    /// {@return the memory of a window, which is gone then}
    private @Nullable MemorySegment memoryOf(@Nullable Window window) {
        if (window == null) {
            return null;
        }
        windows.remove(window);
        return window.memory;
    }

    /// Fetches a window, on a thread of its own.
    private void fill(Window window) {
        IOException failure = null;
        try {
            fetch.into(window.from, window.memory.asSlice(0, window.size()));
        } catch (IOException e) {
            failure = e;
        } catch (RuntimeException | Error e) {
            failure = new IOException(
                    Problem.of(stopping.file(), "fetching failed: {}", e).toString(), e);
        }
        lock.lock();
        try {
            if (failure == null) {
                window.hasArrived = true;
            } else {
                window.failure = closed ? new ClosedChannelException() : failure;
                windows.remove(window); // who comes later tries again
                if (window.readers == 0) {
                    free.push(window.memory);
                }
            }
            fetching.remove(Thread.currentThread());
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void await(Window window) throws IOException {
        lock.lock();
        try {
            while (!window.hasArrived) {
                if (window.failure != null) {
                    throw window.failure;
                }
                try {
                    changed.await(Stopping.TICK_MILLIS, TimeUnit.MILLISECONDS);
                } catch (InterruptedException e) {
                    throw stopping.interrupted(e);
                }
                if (!window.hasArrived) {
                    stopping.check();
                }
            }
        } finally {
            lock.unlock();
        }
    }

    private void leave(Window window) {
        lock.lock();
        try {
            window.readers--;
            if (window.failure != null && window.readers == 0) {
                free.push(window.memory);
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// Ends the fetching, waits until nobody uses a window, and frees the memory. Closing twice has no further
    /// effect.
    @Override
    public void close() {
        lock.lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
            fetching.forEach(Thread::interrupt);
            while (!fetching.isEmpty() || windows.stream().anyMatch(window -> window.readers > 0)) {
                changed.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
        arena.close();
    }
}
