package dev.ffmstore.internal.pass;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class PassTest {
    private static final Pass.Progress NOBODY = _ -> {};

    private static Pass pass(int threads) {
        return new Pass(threads, "file: work interrupted");
    }

    @AfterEach
    void noWorkerIsLeftNorAnInterrupt() {
        assertThat(Thread.interrupted()).isFalse();
        assertThat(Thread.getAllStackTraces().keySet())
                .noneMatch(thread -> thread.getName().startsWith("ffm-store-worker"));
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError("a worker was interrupted", e);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7})
    void doesEveryPieceOnceAndAddsUp(int threads) throws IOException {
        Set<Long> done = new ConcurrentSkipListSet<>();
        Set<Thread> workers = ConcurrentHashMap.newKeySet();
        Pass pass = pass(threads);
        pass.run(
                1000,
                worker -> {
                    workers.add(Thread.currentThread());
                    return index -> {
                        assertThat(done.add(index)).isTrue();
                        worker.add(index);
                    };
                },
                NOBODY);
        assertThat(done).hasSize(1000).contains(0L, 999L);
        assertThat(pass.done()).isEqualTo(999 * 1000 / 2);
        assertThat(workers).hasSizeLessThanOrEqualTo(threads).doesNotContain(Thread.currentThread());
    }

    @Test
    void startsNoMoreWorkersThanThereIsWorkFor() throws IOException {
        AtomicInteger workers = new AtomicInteger();
        Pass.TaskFactory counting = worker -> {
            workers.incrementAndGet();
            return index -> {};
        };
        pass(8).run(3, counting, NOBODY);
        assertThat(workers).hasValue(3);
        pass(8).run(0, counting, NOBODY);
        assertThat(workers).hasValue(4);
        assertThat(Pass.useful(8, 3)).isEqualTo(3);
        assertThat(Pass.useful(8, 0)).isEqualTo(1);
        assertThat(Pass.useful(8, Long.MAX_VALUE)).isEqualTo(8);
    }

    @Test
    void theFirstFailureWinsAndSuppressesLaterOnes() {
        CountDownLatch bothAreAtWork = new CountDownLatch(2);
        CountDownLatch firstHasFailed = new CountDownLatch(1);
        AtomicInteger pieces = new AtomicInteger();
        assertThatThrownBy(() -> pass(2).run(
                                1000,
                                worker -> {
                                    worker.own(firstHasFailed::countDown);
                                    return index -> {
                                        pieces.incrementAndGet();
                                        bothAreAtWork.countDown();
                                        await(bothAreAtWork);
                                        if (index == 0) {
                                            throw new IOException("first");
                                        }
                                        await(firstHasFailed);
                                        throw new IllegalStateException("second");
                                    };
                                },
                                NOBODY))
                .isInstanceOf(IOException.class)
                .hasMessage("first")
                .satisfies(failure -> assertThat(failure.getSuppressed())
                        .singleElement()
                        .satisfies(later -> assertThat(later)
                                .isInstanceOf(IllegalStateException.class)
                                .hasMessage("second")));
        assertThat(pieces).hasValue(2);
    }

    @Test
    void aFailureStopsTheOthers() {
        AtomicInteger pieces = new AtomicInteger();
        assertThatThrownBy(() -> pass(3).run(
                                Long.MAX_VALUE,
                                worker -> index -> {
                                    if (pieces.incrementAndGet() == 100) {
                                        throw new IOException("enough");
                                    }
                                },
                                NOBODY))
                .isInstanceOf(IOException.class)
                .hasMessage("enough");
    }

    @Test
    void errorsAndWhatFactoriesThrowArePassedOn() {
        assertThatThrownBy(() -> pass(2).run(
                                5,
                                worker -> index -> {
                                    throw new StackOverflowError("as a test");
                                },
                                NOBODY))
                .isInstanceOf(StackOverflowError.class);
        assertThatThrownBy(() -> pass(1).run(
                                5,
                                worker -> {
                                    throw new UnsupportedOperationException("no task");
                                },
                                NOBODY))
                .isInstanceOf(UnsupportedOperationException.class);
    }

    @Test
    void whatIsOwnedIsClosedInReverseOrder() throws IOException {
        List<String> closed = Collections.synchronizedList(new ArrayList<>());
        AtomicReference<Thread> closer = new AtomicReference<>();
        AtomicReference<Thread> owner = new AtomicReference<>();
        pass(1).run(
                        2,
                        worker -> {
                            owner.set(Thread.currentThread());
                            worker.own(() -> closed.add("a"));
                            worker.own(() -> closer.set(Thread.currentThread()));
                            worker.own(() -> closed.add("b"));
                            return index -> closed.add("piece " + index);
                        },
                        NOBODY);
        assertThat(closed).containsExactly("piece 0", "piece 1", "b", "a");
        assertThat(closer.get()).isSameAs(owner.get());
    }

    @Test
    void whatIsOwnedIsClosedAlsoWhenOneFailsTo() {
        List<String> closed = Collections.synchronizedList(new ArrayList<>());
        assertThatThrownBy(() -> pass(1).run(
                                1,
                                worker -> {
                                    worker.own(() -> closed.add("a"));
                                    worker.own(() -> {
                                        throw new IllegalArgumentException("c");
                                    });
                                    worker.own(() -> {
                                        throw new IOException("b");
                                    });
                                    worker.own(() -> closed.add("d"));
                                    return index -> {};
                                },
                                NOBODY))
                .isInstanceOf(IOException.class)
                .hasMessage("b")
                .satisfies(failure -> assertThat(failure.getSuppressed())
                        .singleElement()
                        .satisfies(later -> assertThat(later).hasMessage("c")));
        assertThat(closed).containsExactly("d", "a");
    }

    @Test
    void whatIsOwnedIsClosedAfterAFailureOfTheTask() {
        List<String> closed = Collections.synchronizedList(new ArrayList<>());
        assertThatThrownBy(() -> pass(1).run(
                                1,
                                worker -> {
                                    worker.own(() -> {
                                        closed.add("a");
                                        throw new IOException("closing");
                                    });
                                    worker.own(() -> closed.add("b"));
                                    throw new IOException("beginning");
                                },
                                NOBODY))
                .hasMessage("beginning")
                .satisfies(failure -> assertThat(failure.getSuppressed())
                        .singleElement()
                        .satisfies(later -> assertThat(later).hasMessage("closing")));
        assertThat(closed).containsExactly("b", "a");
    }

    @Test
    void theArenaOfTheWorkersLivesAsLongAsThePass() throws IOException {
        AtomicReference<MemorySegment> memory = new AtomicReference<>();
        pass(1).run(
                        1,
                        worker -> {
                            memory.set(worker.arena().allocate(8));
                            worker.own(() ->
                                    assertThat(memory.get().scope().isAlive()).isTrue());
                            return index -> {};
                        },
                        NOBODY);
        assertThat(memory.get().scope().isAlive()).isFalse();
    }

    @Test
    void anInterruptEndsIt() {
        CountDownLatch atWork = new CountDownLatch(1);
        Thread caller = Thread.currentThread();
        assertThatThrownBy(() -> pass(2).run(
                                Long.MAX_VALUE,
                                worker -> index -> {
                                    assertThat(Thread.currentThread().isInterrupted())
                                            .isFalse();
                                    if (index == 1000) {
                                        caller.interrupt();
                                    }
                                    atWork.countDown();
                                },
                                NOBODY))
                .isInstanceOf(InterruptedIOException.class)
                .hasMessage("file: work interrupted")
                .hasCauseInstanceOf(InterruptedException.class);
        assertThat(atWork.getCount()).isZero();
        assertThat(Thread.interrupted()).isTrue();
    }

    @Test
    void anInterruptBeforeItBeginsEndsIt() {
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> pass(2).run(Long.MAX_VALUE, worker -> index -> {}, NOBODY))
                .isInstanceOf(InterruptedIOException.class);
        assertThat(Thread.interrupted()).isTrue();
    }

    /// One worker has failed, the other is still at work: an interrupt that comes now is not the failure, and is
    /// not lost.
    @Test
    void anInterruptAfterAFailureIsNotLost() {
        CountDownLatch otherIsAtWork = new CountDownLatch(1);
        CountDownLatch failed = new CountDownLatch(1);
        CountDownLatch interrupted = new CountDownLatch(1);
        Thread caller = Thread.currentThread();
        Thread interrupter = Thread.ofPlatform().start(() -> {
            await(failed);
            caller.interrupt();
            pause();
            interrupted.countDown();
        });
        assertThatThrownBy(() -> pass(2).run(
                                2,
                                worker -> index -> {
                                    if (index == 0) {
                                        await(otherIsAtWork);
                                        worker.own(failed::countDown); // closed when the failure is noted
                                        throw new IOException("worker");
                                    }
                                    otherIsAtWork.countDown();
                                    await(interrupted);
                                },
                                NOBODY))
                .isInstanceOf(IOException.class)
                .hasMessage("worker");
        assertThat(Thread.interrupted()).isTrue();
        join(interrupter);
    }

    /// The interrupt comes when nothing but the end of the workers is waited for.
    @Test
    void anInterruptWhileAFailedPassEndsIsNotLost() {
        CountDownLatch failed = new CountDownLatch(1);
        CountDownLatch interrupted = new CountDownLatch(1);
        Thread caller = Thread.currentThread();
        Thread interrupter = Thread.ofPlatform().start(() -> {
            await(failed);
            pause();
            caller.interrupt();
            pause();
            interrupted.countDown();
        });
        assertThatThrownBy(() -> pass(1).run(1, worker -> index -> await(interrupted), done -> {
                    failed.countDown();
                    throw new IOException("progress");
                }))
                .isInstanceOf(IOException.class)
                .hasMessage("progress");
        assertThat(Thread.interrupted()).isTrue();
        join(interrupter);
    }

    private static void pause() {
        try {
            Thread.sleep(50);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void progressRunsOnTheCallingThread() throws IOException {
        Thread caller = Thread.currentThread();
        CountDownLatch heard = new CountDownLatch(2);
        List<Long> amounts = new ArrayList<>();
        pass(2).run(
                        2,
                        worker -> index -> {
                            worker.add(7);
                            await(heard);
                        },
                        done -> {
                            assertThat(Thread.currentThread()).isSameAs(caller);
                            amounts.add(done);
                            heard.countDown();
                        });
        assertThat(amounts).hasSizeGreaterThanOrEqualTo(2).isSorted().last().isEqualTo(14L);
    }

    @Test
    void whatProgressThrowsEndsIt() {
        AtomicInteger heard = new AtomicInteger();
        assertThatThrownBy(() -> pass(2).run(Long.MAX_VALUE, worker -> index -> {}, done -> {
                    heard.incrementAndGet();
                    throw new IOException("enough");
                }))
                .isInstanceOf(IOException.class)
                .hasMessage("enough");
        assertThat(heard).hasValue(1);
        assertThatThrownBy(() -> pass(2).run(Long.MAX_VALUE, worker -> index -> {}, done -> {
                    throw new UnsupportedOperationException("enough");
                }))
                .isInstanceOf(UnsupportedOperationException.class);
    }

    @Test
    void tellsItsWorkersThatItIsOver() {
        assertThat(Pass.isOver()).isFalse();
        AtomicInteger heard = new AtomicInteger();
        assertThatThrownBy(() -> pass(2).run(
                                2,
                                worker -> index -> {
                                    assertThat(Pass.isOver()).isFalse();
                                    if (index == 1) {
                                        throw new IOException("over");
                                    }
                                    while (!Pass.isOver()) {
                                        Thread.onSpinWait();
                                    }
                                    heard.incrementAndGet();
                                },
                                _ -> {}))
                .isInstanceOf(IOException.class);
        assertThat(heard).hasValue(1);
        assertThat(Pass.isOver()).isFalse();
    }
}
