package dev.ffmstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.gguf.ByteSource;
import dev.ffmstore.gguf.GgufFile;
import dev.ffmstore.gguf.GgufOptions;
import dev.ffmstore.gguf.Shape;
import dev.ffmstore.gguf.Source;
import dev.ffmstore.internal.gguf.GgufWriter;
import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.Pipe;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The store as its user sees it. Runs with native access, in huge pages where the machine has them; [FallbackTest]
/// runs it without.
class TensorStoreTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({"SCALAR, 1", "SCALAR, 2", "VECTOR, 1", "VECTOR, 2", "AUTO, 5"})
    void holdsEveryTensorDecoded(DecoderChoice decoder, int threads) throws IOException {
        for (TestModel model : List.of(TestModel.ofEveryType(), TestModel.large())) {
            LoadOptions options = LoadOptions.defaults().decoder(decoder).threads(threads);
            try (TensorStore store = TensorStore.load(model.writeTo(folder), TensorForm.dense(), options)) {
                assertHolds(store, model);
                assertThat(store.report().threads()).isBetween(1, threads);
                assertThat(store.report().denseBytes())
                        .isEqualTo(store.tensors().stream()
                                .mapToLong(Tensor::byteSize)
                                .sum());
            }
        }
    }

    static void assertHolds(TensorStore store, TestModel model) {
        assertThat(store.tensors())
                .extracting(Tensor::name)
                .containsExactlyElementsOf(model.header().tensors().stream()
                        .map(info -> info.name())
                        .toList());
        model.header().tensors().forEach(info -> {
            Tensor tensor = store.tensor(info.name());
            assertThat(tensor.shape()).isEqualTo(info.shape());
            assertThat(tensor.dtype()).isEqualTo(DType.denseOf(info.type()));
            assertThat(tensor.segment().isNative()).isTrue();
            assertThat(tensor.segment().isReadOnly()).isTrue();
            assertThat(tensor.segment().address() % 64).isZero();
            assertThat(TestModel.bytesOf(tensor)).as(info.name()).isEqualTo(model.dense(info.name()));
        });
    }

    @ParameterizedTest
    @CsvSource({"SCALAR", "VECTOR"})
    void decodesARealModelAsItsChecksumsSay(DecoderChoice decoder) throws Exception {
        Path model = Path.of(
                TensorStoreTest.class.getResource("/models/tiny.Q4_K_M.gguf").toURI());
        Path sums = Path.of(
                TensorStoreTest.class.getResource("/models/tensor_sha256.tsv").toURI());
        List<String> expected = Files.readAllLines(sums).stream()
                .filter(line -> line.startsWith("tiny.Q4_K_M.gguf\t"))
                .map(line -> line.substring(line.indexOf('\t') + 1))
                .toList();
        try (TensorStore store = TensorStore.load(
                model, TensorForm.dense(), LoadOptions.defaults().decoder(decoder))) {
            List<String> got = new ArrayList<>();
            for (Tensor tensor : store.tensors()) {
                byte[] digest = MessageDigest.getInstance("SHA-256").digest(TestModel.bytesOf(tensor));
                got.add(tensor.name() + "\t" + HexFormat.of().formatHex(digest));
            }
            assertThat(got).hasSize(21).containsExactlyInAnyOrderElementsOf(expected);
        }
    }

    @Test
    void keepsTheMetadataWhenTheFileIsClosed() throws IOException {
        try (TensorStore store = TensorStore.load(TestModel.ofEveryType().writeTo(folder))) {
            assertThat(store.metadata().string("general.architecture")).isEqualTo("test");
            assertThat(store.metadata().array("tokenizer.ggml.tokens")).containsExactly("a", "bc", "");
            assertThat(store.metadata().integer("n")).isEqualTo(7);
        }
    }

    @Test
    void usesHugePagesOrSaysThatItDoesNot() throws IOException {
        try (TensorStore store = TensorStore.load(TestModel.large().writeTo(folder))) {
            boolean asked = store.report().memory().contains("huge pages asked for");
            assertThat(asked)
                    .isEqualTo(System.getProperty("os.name").equals("Linux")
                            && System.getProperty("os.arch").equals("amd64"));
            if (asked && kernelGivesHugePages()) {
                assertThat(store.hugePageBytes().orElse(0)).isPositive();
            }
            // how many the kernel gives is its own business, but whole ones, and only those of this store
            try (TensorStore other = TensorStore.load(folder.resolve("model.gguf"))) {
                long most = store.report().denseBytes() + (4 << 20);
                assertThat(store.hugePageBytes().orElse(0)).isBetween(0L, most);
                assertThat(other.hugePageBytes().orElse(0)).isBetween(0L, most);
                assertThat(store.hugePageBytes().orElse(0) % (2 << 20)).isZero();
            }
        }
    }

    private static boolean kernelGivesHugePages() throws IOException {
        Path enabled = Path.of("/sys/kernel/mm/transparent_hugepage/enabled");
        return Files.exists(enabled) && !Files.readString(enabled).contains("[never]");
    }

    @Test
    void namesWhatItDoesNotHave() throws IOException {
        try (TensorStore store = TensorStore.load(TestModel.large().writeTo(folder))) {
            assertThat(store.find("nothing")).isEmpty();
            assertThatThrownBy(() -> store.tensor("not\u202Ehere"))
                    .isInstanceOf(NoSuchElementException.class)
                    .hasMessageContaining("model.gguf")
                    .hasMessageContaining("not\\u{202e}here");
        }
    }

    @Test
    void cannotBeUsedOnceItIsClosed() throws IOException {
        TensorStore store = TensorStore.load(TestModel.large().writeTo(folder));
        MemorySegment segment = store.tensor("first").segment();
        store.close();
        store.close();
        assertThat(store.isOpen()).isFalse();
        assertThat(store).asString().contains("closed");
        List<Runnable> uses = List.of(
                () -> store.tensor("first"),
                () -> store.find("first"),
                store::tensors,
                store::metadata,
                store::report,
                store::hugePageBytes);
        for (Runnable use : uses) {
            assertThatThrownBy(use::run)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("model.gguf");
        }
        assertThatThrownBy(() -> segment.get(ValueLayout.JAVA_BYTE, 0)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void canBeClosedWhileEightThreadsRead() throws Exception {
        TensorStore store = TensorStore.load(TestModel.large().writeTo(folder));
        CountDownLatch reading = new CountDownLatch(8);
        AtomicInteger stopped = new AtomicInteger();
        AtomicReference<Throwable> wrong = new AtomicReference<>();
        AtomicLong sums = new AtomicLong();
        List<Thread> readers = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            readers.add(Thread.ofPlatform().start(() -> {
                long sum = 0;
                MemorySegment segment = store.tensor("third").segment(); // from here on the store is not asked
                try {
                    for (int pass = 0; ; pass++) {
                        for (long at = 0; at < segment.byteSize(); at += 4) {
                            sum += segment.get(ValueLayout.JAVA_INT, at);
                        }
                        if (pass == 0) {
                            reading.countDown();
                        }
                    }
                } catch (IllegalStateException e) {
                    stopped.incrementAndGet();
                    if (!e.getMessage().equals("Already closed")) {
                        wrong.set(e);
                    }
                } catch (Throwable e) {
                    wrong.set(e);
                }
                sums.addAndGet(sum);
            }));
        }
        reading.await();
        store.close();
        for (Thread reader : readers) {
            reader.join();
        }
        assertThat(wrong.get()).isNull();
        assertThat(stopped.get()).isEqualTo(8);
        assertThat(sums.get()).isNotZero();
    }

    @Test
    void waitsForWhoeverHoldsATensorUpToALimit() throws Exception {
        LoadOptions options = LoadOptions.defaults().closeTimeout(Duration.ofMillis(50));
        TensorStore store = TensorStore.load(TestModel.large().writeTo(folder), TensorForm.dense(), options);
        HeldTensor held = new HeldTensor(store.tensor("first"));
        assertThatThrownBy(store::close)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("model.gguf")
                .hasMessageContaining("still held a tensor after PT0.05S");
        assertThat(store.isOpen()).isTrue();
        assertThat(store.tensor("second").byteSize()).isEqualTo(3 * 96 * 4);
        held.release();
        store.close();
        assertThat(store.isOpen()).isFalse();
    }

    /// A tensor that a system call holds until [#release].
    private static final class HeldTensor {
        private final Pipe pipe = Pipe.open(); // which nobody reads: the writer is stuck in a system call
        private final Thread writer;

        HeldTensor(Tensor tensor) throws IOException {
            writer = Thread.ofPlatform().start(() -> {
                try {
                    pipe.sink().write(tensor.segment().asByteBuffer());
                } catch (IOException e) {
                    // closed below
                }
            });
            pipe.source().read(ByteBuffer.allocate(1)); // now it has begun
        }

        void release() throws IOException, InterruptedException {
            pipe.source().close();
            pipe.sink().close();
            writer.join();
        }
    }

    @Test
    void waitsForeverIfAskedTo() throws Exception {
        LoadOptions options = LoadOptions.defaults().closeTimeout(Duration.ofSeconds(Long.MAX_VALUE));
        Path path = TestModel.large().writeTo(folder);
        TensorStore idle = TensorStore.load(path, TensorForm.dense(), options);
        idle.close();
        assertThat(idle.isOpen()).isFalse();

        TensorStore store = TensorStore.load(path, TensorForm.dense(), options);
        HeldTensor held = new HeldTensor(store.tensor("first"));
        Thread closing = Thread.ofPlatform().start(store::close);
        closing.join(200);
        assertThat(closing.isAlive()).isTrue();
        assertThat(store.isOpen()).isTrue();
        held.release();
        closing.join();
        assertThat(store.isOpen()).isFalse();
    }

    @Test
    void doesNotWaitOnAThreadThatIsInterrupted() throws Exception {
        TensorStore store = TensorStore.load(TestModel.large().writeTo(folder));
        HeldTensor held = new HeldTensor(store.tensor("first"));
        Thread.currentThread().interrupt();
        try {
            assertThatThrownBy(store::close)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("model.gguf")
                    .hasMessageContaining("interrupted");
            assertThat(Thread.currentThread().isInterrupted()).isTrue();
        } finally {
            Thread.interrupted();
        }
        assertThat(store.isOpen()).isTrue();
        held.release();
        Thread.currentThread().interrupt();
        store.close(); // nothing holds it any more
        assertThat(Thread.interrupted()).isTrue();
        assertThat(store.isOpen()).isFalse();
    }

    /// An arena of a slicing allocator, which is not made for several threads.
    static final class SlicingArena implements Arena {
        final AtomicInteger allocations = new AtomicInteger();
        private final Thread owner = Thread.currentThread();
        private final Arena memory = Arena.ofShared();
        private final SegmentAllocator slices;

        SlicingArena(long byteSize) {
            slices = SegmentAllocator.slicingAllocator(memory.allocate(byteSize, 64));
        }

        @Override
        public MemorySegment allocate(long byteSize, long byteAlignment) {
            assertThat(Thread.currentThread()).isSameAs(owner);
            if (byteSize > 0) {
                allocations.incrementAndGet();
            }
            return slices.allocate(byteSize, byteAlignment);
        }

        @Override
        public MemorySegment.Scope scope() {
            return memory.scope();
        }

        @Override
        public void close() {
            memory.close();
        }
    }

    @Test
    void asksAnArenaOfTheCallersMakingOnce() throws IOException {
        assertThatAnArenaOfTheCallersMakingIsAskedOnce(folder);
    }

    static void assertThatAnArenaOfTheCallersMakingIsAskedOnce(Path folder) throws IOException {
        TestModel model = TestModel.large();
        try (SlicingArena arena = new SlicingArena(32 << 20);
                TensorStore store = TensorStore.load(
                        model.writeTo(folder),
                        TensorForm.dense(),
                        LoadOptions.defaults().threads(4).arena(arena))) {
            assertThat(arena.allocations).hasValue(1);
            assertHolds(store, model);
            assertThat(store.report().threads()).isEqualTo(4);
        }
        // the metadata is in the same arena
        TestModel everyType = TestModel.ofEveryType();
        try (SlicingArena arena = new SlicingArena(32 << 20);
                TensorStore store = TensorStore.load(
                        everyType.writeTo(folder),
                        TensorForm.dense(),
                        LoadOptions.defaults().threads(4).arena(arena))) {
            assertHolds(store, everyType);
            assertThat(store.metadata().array("tokenizer.ggml.tokens")).containsExactly("a", "bc", "");
        }
    }

    @Test
    void anAliasCanBeNamedInTheFormOfAStore() throws IOException {
        TestModel model = TestModel.ofEveryType();
        Names names = Names.of("mine", List.of("of.Q4_K = quant", "of.Q4_K = tied"));
        TensorForm form = TensorForm.dense().names(names);
        try (TensorStore store = TensorStore.load(model.writeTo(folder), form, LoadOptions.defaults())) {
            TensorForm tied = TensorForm.dense().filter(new NameFilter(List.of("tied"), List.of()));
            try (TensorStore one = TensorStore.load(store.model(), tied, LoadOptions.defaults())) {
                assertThat(one.tensors()).extracting(Tensor::name).containsExactly("tied");
                assertThat(TestModel.bytesOf(one.tensor("tied"))).isEqualTo(model.dense("of.Q4_K"));
            }
            TensorForm without = TensorForm.dense().filter(new NameFilter(List.of(), List.of("quant")));
            assertThat(TensorPlan.of(store.model(), without).tensors())
                    .extracting(TensorSlot::name)
                    .contains("tied")
                    .doesNotContain("quant");
            TensorForm converted = TensorForm.dense().dtypes(DTypes.dense().with("tied", DType.F16));
            assertThat(TensorPlan.of(store.model(), converted).tensors())
                    .filteredOn(slot -> slot.dtype() == DType.F16)
                    .extracting(TensorSlot::name)
                    .contains("tied")
                    .doesNotContain("quant");
        }
    }

    @Test
    void putsTensorsIntoTheCallersArena() throws IOException {
        TestModel model = TestModel.ofEveryType();
        Path path = model.writeTo(folder);
        Tensor tensor;
        TensorStore store;
        try (Arena arena = Arena.ofShared()) {
            store = TensorStore.load(
                    path, TensorForm.dense(), LoadOptions.defaults().arena(arena));
            assertHolds(store, model);
            tensor = store.tensor("of.F32");
            assertThat(tensor.segment().scope()).isEqualTo(arena.scope());
            store.close();
            assertThat(arena.scope().isAlive()).isTrue();
            assertThat(TestModel.bytesOf(tensor)).isEqualTo(model.dense("of.F32"));
            store = TensorStore.load(
                    path, TensorForm.dense(), LoadOptions.defaults().arena(arena));
            assertThat(store.isOpen()).isTrue();
        }
        assertThat(store.isOpen()).isFalse();
        assertThatThrownBy(store::tensors).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void failsCleanlyIfTheCallersArenaIsClosedMeanwhile() throws IOException {
        Path path = TestModel.large().writeTo(folder);
        Arena arena = Arena.ofShared();
        LoadOptions options = LoadOptions.defaults().arena(arena).progress((done, total) -> {
            if (arena.scope().isAlive()) {
                arena.close();
            }
        });
        assertThatThrownBy(() -> TensorStore.load(path, TensorForm.dense(), options))
                .isInstanceOf(IllegalStateException.class);
        assertNoWorkerIsLeft();
    }

    @Test
    void takesAutomaticArenasAndRefusesConfinedOnes() throws IOException {
        TestModel model = TestModel.large();
        try (TensorStore store = TensorStore.load(
                model.writeTo(folder),
                TensorForm.dense(),
                LoadOptions.defaults().arena(Arena.ofAuto()))) {
            assertHolds(store, model);
        }
        try (Arena confined = Arena.ofConfined()) {
            assertThatThrownBy(() -> LoadOptions.defaults().arena(confined))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("confined");
        }
    }

    @Test
    void tellsTheListenerOnTheCallersThread() throws IOException {
        List<Long> heard = new ArrayList<>();
        Thread caller = Thread.currentThread();
        TestModel model = TestModel.large();
        LoadOptions options = LoadOptions.defaults().progress((done, total) -> {
            assertThat(Thread.currentThread()).isSameAs(caller);
            assertThat(total).isEqualTo((9001 * 256L + 3 * 96 + 4999 * 512L) * 4);
            heard.add(done);
        });
        try (TensorStore store = TensorStore.load(model.writeTo(folder), TensorForm.dense(), options)) {
            assertThat(heard).isSorted().last().isEqualTo(store.report().denseBytes());
        }
    }

    @Test
    void endsALoadWhoseListenerThrows() throws IOException {
        SlowSource source = new SlowSource(TestModel.large().bytes());
        try (Model file = Model.of(GgufFile.open(source, GgufOptions.defaults()))) {
            source.slow = true;
            LoadOptions options = LoadOptions.defaults().progress((done, total) -> {
                throw new UnsupportedOperationException("enough");
            });
            assertThatThrownBy(() -> TensorStore.load(file, TensorForm.dense(), options))
                    .isInstanceOf(UnsupportedOperationException.class)
                    .hasMessage("enough");
            assertNoWorkerIsLeft();
        }
    }

    @Test
    void endsALoadThatIsInterrupted() throws Exception {
        SlowSource source = new SlowSource(TestModel.large().bytes());
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        AtomicReference<Boolean> status = new AtomicReference<>();
        try (Model file = Model.of(GgufFile.open(source, GgufOptions.defaults()))) {
            source.slow = true;
            Thread loader = Thread.ofPlatform().start(() -> {
                try (TensorStore store = TensorStore.load(file)) {
                    thrown.set(new AssertionError("loaded " + store));
                } catch (Throwable e) {
                    thrown.set(e);
                    status.set(Thread.currentThread().isInterrupted());
                }
            });
            source.begun.await();
            loader.interrupt();
            loader.join();
            assertThat(thrown.get())
                    .isInstanceOf(InterruptedIOException.class)
                    .hasMessageContaining(ByteSource.NAME)
                    .hasMessageContaining("interrupted");
            assertThat(status.get()).isTrue();
            assertNoWorkerIsLeft();
        }
    }

    @Test
    void reportsAReadThatFails() throws IOException {
        BrokenSource source = new BrokenSource(TestModel.large().bytes(), new IOException("Input/output error"));
        try (Model file = Model.of(GgufFile.open(source, GgufOptions.defaults()))) {
            source.broken = true;
            assertThatThrownBy(() -> TensorStore.load(file))
                    .isInstanceOf(IOException.class)
                    .hasMessageStartingWith(ByteSource.NAME + ": tensor ")
                    .hasMessageEndingWith("Input/output error");
            assertNoWorkerIsLeft();
        }
    }

    @Test
    void passesOnAnErrorOfAWorker() throws IOException {
        BrokenSource source = new BrokenSource(TestModel.large().bytes(), new StackOverflowError("as a test"));
        try (Model file = Model.of(GgufFile.open(source, GgufOptions.defaults()))) {
            source.broken = true;
            assertThatThrownBy(() -> TensorStore.load(file))
                    .isInstanceOf(StackOverflowError.class)
                    .hasMessage("as a test");
            assertNoWorkerIsLeft();
        }
    }

    @Test
    void turnsAWorkersWantOfMemoryIntoAnException() throws IOException {
        BrokenSource source = new BrokenSource(TestModel.large().bytes(), new OutOfMemoryError("as a test"));
        try (Model file = Model.of(GgufFile.open(source, GgufOptions.defaults()))) {
            source.broken = true;
            assertThatThrownBy(() -> TensorStore.load(file))
                    .isInstanceOf(InsufficientMemoryException.class)
                    .hasMessageContaining("as a test");
        }
    }

    @Test
    void noticesAFileThatShrinks() throws IOException {
        Path path = TestModel.large().writeTo(folder);
        try (Model file = Model.open(path)) {
            try (RandomAccessFile truncated = new RandomAccessFile(path.toFile(), "rw")) {
                truncated.setLength(Files.size(path) / 2);
            }
            assertThatThrownBy(() -> TensorStore.load(file))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("model.gguf")
                    .hasMessageContaining("ends early")
                    .hasCauseInstanceOf(EOFException.class);
        }
    }

    @Test
    void noticesAFileThatChanges() throws IOException {
        Path path = TestModel.large().writeTo(folder);
        try (Model file = Model.open(path)) {
            Files.setLastModifiedTime(path, FileTime.fromMillis(1234567));
            assertThatThrownBy(() -> TensorStore.load(file))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("model.gguf")
                    .hasMessageContaining("changed");
        }
    }

    @Test
    void refusesAModelLargerThanTheMachine() throws IOException {
        // 8 TiB once decoded; the file is sparse
        GgufWriter header = new GgufWriter(3).tensor("huge", GgmlType.Q4_0, Shape.of(1L << 36, 32));
        Path path = folder.resolve("huge.gguf");
        try (FileChannel out = FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            out.write(ByteBuffer.wrap(header.header()));
            try {
                out.write(ByteBuffer.allocate(1), header.fileSize() - 1);
            } catch (IOException e) {
                abort("no file this large on this file system: " + e);
            }
        }
        assertThatThrownBy(() -> TensorStore.load(path))
                .isInstanceOfSatisfying(InsufficientMemoryException.class, e -> {
                    assertThat(e.requiredBytes()).isGreaterThan(1L << 43);
                    assertThat(e.availableBytes()).isPositive().isLessThan(e.requiredBytes());
                    assertThat(e)
                            .hasMessageContaining(Long.toString(e.requiredBytes()))
                            .hasMessageContaining(Long.toString(e.availableBytes()));
                });
    }

    @Test
    void loadsAModelWithoutTensors() throws IOException {
        Path path = Files.write(
                folder.resolve("none.gguf"),
                new GgufWriter(2).putString("general.architecture", "none").header());
        try (TensorStore store = TensorStore.load(path)) {
            assertThat(store.tensors()).isEmpty();
            assertThat(store.hugePageBytes().orElse(0)).isZero();
        }
    }

    private static void assertNoWorkerIsLeft() {
        assertThat(Thread.getAllStackTraces().keySet())
                .noneMatch(thread -> thread.getName().startsWith("ffm-store-worker"));
    }

    private static ByteSource over(byte[] bytes) {
        return new ByteSource(bytes);
    }

    /// Reads a little at a time once it is told to, and says when it has begun.
    private static final class SlowSource extends Delegate {
        final CountDownLatch begun = new CountDownLatch(1);
        volatile boolean slow;

        SlowSource(byte[] bytes) {
            super(over(bytes));
        }

        @Override
        public void read(long offset, MemorySegment target) throws IOException {
            if (slow) {
                begun.countDown();
                try {
                    Thread.sleep(50);
                } catch (InterruptedException e) {
                    throw new AssertionError("a worker was interrupted", e);
                }
            }
            super.read(offset, target);
        }
    }

    /// Fails once it is told to.
    private static final class BrokenSource extends Delegate {
        private final Throwable failure;
        volatile boolean broken;

        BrokenSource(byte[] bytes, Throwable failure) {
            super(over(bytes));
            this.failure = failure;
        }

        @Override
        public void read(long offset, MemorySegment target) throws IOException {
            if (broken) {
                if (failure instanceof IOException e) {
                    throw e;
                }
                throw (Error) failure;
            }
            super.read(offset, target);
        }
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
}
