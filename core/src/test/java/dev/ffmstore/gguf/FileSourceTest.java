package dev.ffmstore.gguf;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.internal.gguf.GgufWriter;
import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Reading a local file: ranges, interrupts, and files that change under the reader.
class FileSourceTest {
    private static final int SIZE = 1 << 20;
    private static final int PIECE = 4096;

    @TempDir
    Path folder;

    private Path path;
    private byte[] content;

    @BeforeEach
    void write() throws IOException {
        content = new byte[SIZE];
        new Random(3).nextBytes(content);
        path = Files.write(folder.resolve("data.bin"), content);
    }

    @Test
    void readsAnyRangeIntoAnyMemory() throws IOException {
        try (Source source = Source.of(path);
                Arena arena = Arena.ofShared()) {
            assertThat(source.name()).isEqualTo(path.toString());
            assertThat(source.size()).isEqualTo(SIZE);
            for (int[] range : new int[][] {{0, 0}, {0, 1}, {0, SIZE}, {SIZE - 1, 1}, {SIZE, 0}, {12345, 67890}}) {
                byte[] expected = Arrays.copyOfRange(content, range[0], range[0] + range[1]);
                MemorySegment off = arena.allocate(range[1] + 1L);
                source.read(range[0], off.asSlice(1));
                assertThat(off.asSlice(1).toArray(JAVA_BYTE)).isEqualTo(expected);
                byte[] on = new byte[range[1]];
                source.read(range[0], MemorySegment.ofArray(on));
                assertThat(on).isEqualTo(expected);
            }
        }
    }

    @Test
    void checksRanges() throws IOException {
        try (Source source = Source.of(path)) {
            for (long[] range : new long[][] {{-1, 1}, {SIZE, 1}, {SIZE - 1, 2}, {SIZE + 1, 0}, {Long.MAX_VALUE, 1}}) {
                MemorySegment target = MemorySegment.ofArray(new byte[(int) range[1]]);
                assertThatThrownBy(() -> source.read(range[0], target))
                        .as("read of %s", Arrays.toString(range))
                        .isInstanceOf(IndexOutOfBoundsException.class);
            }
        }
    }

    @Test
    void hasNoViewButChecksItsRange() throws IOException {
        try (Source source = Source.of(path)) {
            assertThat(source.view(0, 0)).isEmpty();
            assertThat(source.view(0, SIZE)).isEmpty();
            assertThat(source.view(SIZE, 0)).isEmpty();
            for (long[] range : new long[][] {{-1, 1}, {SIZE, 1}, {0, -1}, {0, SIZE + 1}, {1, Long.MAX_VALUE}}) {
                assertThatThrownBy(() -> source.view(range[0], range[1]))
                        .as("view of %s", Arrays.toString(range))
                        .isInstanceOf(IndexOutOfBoundsException.class);
            }
        }
    }

    @Test
    void isClosedForGood() throws IOException {
        Source source = Source.of(path);
        source.close();
        source.close();
        assertThatThrownBy(() -> readPiece(source, 0)).isExactlyInstanceOf(ClosedChannelException.class);
    }

    @Test
    void refusesADirectory() {
        assertThatThrownBy(() -> Source.of(folder))
                .isInstanceOf(FileSystemException.class)
                .hasMessage(folder + ": is a directory");
    }

    @Test
    void refusesAMissingFile() {
        assertThatThrownBy(() -> Source.of(folder.resolve("none"))).isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void refusesAFifoWithoutWaitingForItsWriter() throws Exception {
        Path fifo = folder.resolve("fifo");
        makeFifo(fifo);
        assertThatThrownBy(() -> Source.of(fifo))
                .isInstanceOf(FileSystemException.class)
                .hasMessage(fifo + ": is not a regular file");
    }

    @Test
    void anInterruptDisturbsNobodyElse() throws Exception {
        AtomicBoolean done = new AtomicBoolean();
        try (Source source = Source.of(path);
                ExecutorService readers = Executors.newFixedThreadPool(3)) {
            List<Future<Integer>> running = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                int seed = i;
                running.add(readers.submit(() -> readUntil(done, source, seed)));
            }
            try {
                for (int i = 0; i < 100; i++) {
                    assertInterrupted(failureOfInterrupted(source));
                }
            } finally {
                done.set(true);
            }
            for (Future<Integer> reader : running) {
                assertThat(reader.get()).isPositive();
            }
        }
    }

    private int readUntil(AtomicBoolean done, Source source, int seed) throws IOException {
        Random random = new Random(seed);
        int reads = 0;
        do {
            int offset = random.nextInt(SIZE - PIECE);
            assertThat(Arrays.equals(readPiece(source, offset), 0, PIECE, content, offset, offset + PIECE))
                    .isTrue();
            reads++;
        } while (!done.get());
        return reads;
    }

    private void assertInterrupted(Interrupted reader) {
        assertThat(reader.failure())
                .isExactlyInstanceOf(InterruptedIOException.class)
                .hasMessage(path + ": interrupted while being read");
        assertThat(reader.status()).as("the interrupt status").isTrue();
    }

    /// What a thread got that was interrupted, and whether its interrupt status was still set then.
    private record Interrupted(Throwable failure, boolean status) {
        /// Whether the interrupt came in the middle of a read, which closes the channel.
        boolean brokeTheChannel() {
            return failure.getCause() instanceof ClosedByInterruptException;
        }
    }

    private static void breakChannel(Source source) throws InterruptedException {
        for (int i = 0; i < 10_000; i++) {
            if (failureOfInterrupted(source).brokeTheChannel()) {
                return;
            }
        }
        throw new AssertionError("no interrupt came in the middle of a read");
    }

    /// What a thread gets that reads until it is interrupted.
    private static Interrupted failureOfInterrupted(Source source) throws InterruptedException {
        Interrupted[] failure = new Interrupted[1];
        CountDownLatch reading = new CountDownLatch(1);
        Thread thread = new Thread(() -> {
            try {
                while (true) {
                    readPiece(source, 0);
                    reading.countDown();
                }
            } catch (Throwable e) {
                failure[0] = new Interrupted(e, Thread.currentThread().isInterrupted());
                reading.countDown();
            }
        });
        thread.start();
        reading.await();
        thread.interrupt();
        thread.join();
        return failure[0];
    }

    @Test
    void goesOnAfterAnInterrupt() throws Exception {
        try (Source source = Source.of(path)) {
            breakChannel(source);
            assertThat(readPiece(source, 4096)).isEqualTo(Arrays.copyOfRange(content, 4096, 4096 + PIECE));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, PIECE, SIZE})
    void anInterruptBeforeAReadEndsItToo(int size) throws Exception {
        try (Source source = Source.of(path)) {
            Interrupted reader = failureAfterInterrupt(() -> source.read(0, MemorySegment.ofArray(new byte[size])));
            assertInterrupted(reader);
            assertThat(readPiece(source, 0)).isEqualTo(Arrays.copyOf(content, PIECE));
        }
    }

    @Test
    void twoInterruptsAtOnceEndBothReads() throws Exception {
        try (Source source = Source.of(path);
                ExecutorService starter = Executors.newFixedThreadPool(2)) {
            for (int i = 0; i < 200; i++) {
                Future<Interrupted> one = starter.submit(() -> failureOfInterrupted(source));
                Future<Interrupted> other = starter.submit(() -> failureOfInterrupted(source));
                assertInterrupted(one.get());
                assertInterrupted(other.get());
            }
            assertThat(readPiece(source, 0)).isEqualTo(Arrays.copyOf(content, PIECE));
        }
    }

    @FunctionalInterface
    private interface Reading {
        void run() throws IOException;
    }

    /// What this thread gets if it is interrupted before it reads; it is not interrupted any more afterwards.
    private static Interrupted failureAfterInterrupt(Reading reading) {
        Thread.currentThread().interrupt();
        Throwable failure = catchThrowable(reading::run);
        return new Interrupted(failure, Thread.interrupted());
    }

    @Test
    void openingOnAnInterruptedThreadEndsSoAndLeaksNothing() throws Exception {
        writeModel();
        Interrupted opening = failureAfterInterrupt(() -> GgufFile.open(path).close());
        assertInterrupted(opening);
        assertThat(openHandles()).doesNotContain(path.toRealPath());
        try (GgufFile file = GgufFile.open(path)) {
            assertThat(file.tensors()).hasSize(1);
            assertThat(openHandles()).contains(path.toRealPath());
        }
    }

    @Test
    void anInterruptInTheMiddleOfOpeningFreesTheMemory() throws Exception {
        Files.write(path, new GgufWriter(3).putString("k", "x".repeat(SIZE)).header());
        MemorySegment[] target = new MemorySegment[1];
        Source interrupting = new Delegate(Source.of(path)) {
            @Override
            public void read(long offset, MemorySegment segment) throws IOException {
                if (segment.isNative()) {
                    target[0] = segment;
                    Thread.currentThread().interrupt();
                }
                super.read(offset, segment);
            }
        };
        Throwable failure = catchThrowable(() -> GgufFile.open(interrupting, GgufOptions.defaults()));
        assertInterrupted(new Interrupted(failure, Thread.interrupted()));
        assertThat(target[0].scope().isAlive()).isFalse();
        assertThat(openHandles()).doesNotContain(path.toRealPath());
    }

    private static class Delegate implements Source {
        private final Source source;

        Delegate(Source source) {
            this.source = source;
        }

        @Override
        public String name() {
            return source.name();
        }

        @Override
        public long size() {
            return source.size();
        }

        @Override
        public Identity identity() throws IOException {
            return source.identity();
        }

        @Override
        public void read(long offset, MemorySegment target) throws IOException {
            source.read(offset, target);
        }

        @Override
        public void close() throws IOException {
            source.close();
        }
    }

    /// The files that this process has open.
    private static List<Path> openHandles() throws IOException {
        Path handles = Path.of("/proc/self/fd");
        assumeTrue(Files.isDirectory(handles), "no /proc/self/fd here");
        List<Path> open = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(handles)) {
            for (Path entry : entries) {
                try {
                    open.add(Files.readSymbolicLink(entry));
                } catch (NoSuchFileException e) {
                    // closed since it was listed
                }
            }
        }
        return open;
    }

    @Test
    void doesNotReopenWhatIsClosed() throws Exception {
        Source source = Source.of(path);
        breakChannel(source);
        source.close();
        assertThatThrownBy(() -> readPiece(source, 0)).isExactlyInstanceOf(ClosedChannelException.class);
    }

    @Test
    void doesNotGoOnInAnotherFile() throws Exception {
        try (Source source = Source.of(path)) {
            breakChannel(source);
            replaceByCopy();
            assertThatThrownBy(() -> readPiece(source, 0))
                    .isInstanceOf(IOException.class)
                    .hasMessage(path + ": has changed while it was being read");
        }
    }

    @Test
    void doesNotGoOnWithoutItsFile() throws Exception {
        try (Source source = Source.of(path)) {
            breakChannel(source);
            Files.delete(path);
            assertThatThrownBy(() -> readPiece(source, 0)).isInstanceOf(NoSuchFileException.class);
        }
    }

    @Test
    void doesNotWaitForAFifoInPlaceOfItsFile() throws Exception {
        try (Source source = Source.of(path)) {
            breakChannel(source);
            Files.delete(path);
            makeFifo(path);
            assertThatThrownBy(() -> readPiece(source, 0)).hasMessage(path + ": is not a regular file");
        }
    }

    @Test
    void noticesThatTheFileHasBecomeShorter() throws Exception {
        try (Source source = Source.of(path)) {
            truncate(SIZE - 1000);
            assertThatThrownBy(() -> readPiece(source, SIZE - PIECE))
                    .isInstanceOf(EOFException.class)
                    .hasMessage(path + ": ends early: expected " + SIZE + " bytes at least, got " + (SIZE - 1000));
            assertThat(source.size()).isEqualTo(SIZE);
            assertThat(readPiece(source, 0)).isEqualTo(Arrays.copyOf(content, PIECE));
        }
    }

    @Test
    void aHeaderThatEndsEarlyIsAGgufException() throws Exception {
        Files.write(
                path,
                HeaderBytes.start(0, 1)
                        .key("k", MetadataType.STRING)
                        .string("x".repeat(SIZE))
                        .toArray());
        Source source = Source.of(path);
        truncate(200_000);
        assertThatThrownBy(() -> GgufFile.open(source, GgufOptions.defaults()))
                .isInstanceOf(GgufException.class)
                .hasMessageStartingWith(path + ": file ends early: offset=")
                .hasCauseInstanceOf(EOFException.class);
        assertThatThrownBy(() -> readPiece(source, 0)).isInstanceOf(ClosedChannelException.class);
    }

    @Test
    void checkUnchangedPassesForTheSameFile() throws IOException {
        writeModel();
        try (GgufFile file = GgufFile.open(path)) {
            file.checkUnchanged();
            assertThat(file.name()).isEqualTo(path.toString());
        }
    }

    @Test
    void checkUnchangedNoticesEveryChange() throws Exception {
        assertNoticed(() -> Files.write(path, new byte[1], StandardOpenOption.APPEND), " bytes of ");
        assertNoticed(() -> Files.setLastModifiedTime(path, FileTime.fromMillis(1)), "1970-01-01T00:00:00.001Z");
        assertNoticed(this::replaceByCopy, ", another file");
        assertNoticed(
                () -> {
                    truncate(100);
                    return null;
                },
                "got 100 bytes of ");
        assertNoticed(
                () -> {
                    Files.delete(path);
                    return null;
                },
                path.toString());
    }

    private void assertNoticed(Callable<?> change, String phrase) throws Exception {
        writeModel();
        try (GgufFile file = GgufFile.open(path)) {
            change.call();
            assertThatThrownBy(file::checkUnchanged)
                    .isInstanceOf(IOException.class)
                    .hasMessageStartingWith(path.toString())
                    .hasMessageContaining(phrase);
        }
    }

    private void writeModel() throws IOException {
        GgufWriter writer = new GgufWriter(3).tensor("t", GgmlType.F32, Shape.of(64));
        Files.write(path, Arrays.copyOf(writer.header(), (int) writer.fileSize()));
    }

    /// Another file of the same name, size, time and content.
    private Path replaceByCopy() throws IOException {
        Path copy = Files.copy(path, folder.resolve("copy"), StandardCopyOption.COPY_ATTRIBUTES);
        return Files.move(copy, path, StandardCopyOption.REPLACE_EXISTING);
    }

    private void truncate(long size) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
            channel.truncate(size);
        }
    }

    private static void makeFifo(Path fifo) throws Exception {
        boolean made;
        try {
            made = new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor() == 0;
        } catch (IOException e) {
            made = false;
        }
        assumeTrue(made, "no mkfifo here");
    }

    private static byte[] readPiece(Source source, long offset) throws IOException {
        byte[] piece = new byte[PIECE];
        source.read(offset, MemorySegment.ofArray(piece));
        return piece;
    }
}
