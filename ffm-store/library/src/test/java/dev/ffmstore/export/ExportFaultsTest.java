package dev.ffmstore.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ffmstore.DType;
import dev.ffmstore.fixtures.Tensors;
import dev.ffmstore.formats.Irpa;
import dev.ffmstore.formats.Safetensors;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.Pipe;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Whatever goes wrong, the target is what it was, and nothing else is left.
class ExportFaultsTest {
    private static final ExportOptions OPTIONS = ExportOptions.defaults().threads(2);
    private static final ExportOptions REPLACE = OPTIONS.replace(true);
    private static final String OLD_INDEX = "{\"weight_map\": {\"a\": \"old.safetensors\"}}";
    private static final int INTERRUPTS = 30;

    @TempDir
    Path folder;

    private final Tensors source = new Tensors().add("a", DType.F32, 2_000_000).add("b", DType.F32, 3_000_000);

    /// The two kinds of targets, and what is there before.
    enum Kind {
        FILE {
            @Override
            void export(Tensors source, ExportOptions options, Path target) throws IOException {
                new Exporter(options).write(target, Irpa.layout(source.source()));
            }

            @Override
            void makeOld(Path target) throws IOException {
                Files.writeString(target, "old");
            }

            @Override
            void assertOld(Path target) {
                assertThat(target).hasContent("old");
            }

            @Override
            void assertNew(Path target, Tensors source) throws IOException {
                assertThat(Files.readAllBytes(target)).isEqualTo(Tensors.rendered(Irpa.layout(source.source())));
            }
        },
        FOLDER {
            @Override
            void export(Tensors source, ExportOptions options, Path target) throws IOException {
                new Exporter(options).writeFolder(target, Safetensors.shards(source.source(), 1));
            }

            @Override
            void makeOld(Path target) throws IOException {
                Files.createDirectories(target);
                Files.writeString(target.resolve("old.safetensors"), "old");
                Files.writeString(target.resolve("model.safetensors.index.json"), OLD_INDEX);
            }

            @Override
            void assertOld(Path target) {
                assertThat(target.resolve("old.safetensors")).hasContent("old");
                assertThat(target.resolve("model.safetensors.index.json")).hasContent(OLD_INDEX);
            }

            @Override
            void assertNew(Path target, Tensors source) throws IOException {
                List<NamedLayout> files = Safetensors.shards(source.source(), 1);
                assertThat(names(target))
                        .containsExactlyElementsOf(
                                files.stream().map(NamedLayout::path).sorted().toList());
                for (NamedLayout file : files) {
                    assertThat(Files.readAllBytes(target.resolve(file.path())))
                            .isEqualTo(Tensors.rendered(file.layout()));
                }
            }
        };

        abstract void export(Tensors source, ExportOptions options, Path target) throws IOException;

        abstract void makeOld(Path target) throws IOException;

        abstract void assertOld(Path target);

        abstract void assertNew(Path target, Tensors source) throws IOException;
    }

    @ParameterizedTest
    @EnumSource
    void leavesATargetThatIsThereAlone(Kind kind) throws IOException {
        kind.makeOld(target());
        assertThatThrownBy(() -> kind.export(source, OPTIONS, target()))
                .isInstanceOf(IOException.class)
                .hasMessage(target() + ": is there already");
        kind.assertOld(target());
        assertThat(names(folder)).containsExactly("out");
    }

    @ParameterizedTest
    @EnumSource
    void replacesATargetIfAsked(Kind kind) throws IOException {
        kind.makeOld(target());
        kind.export(source, REPLACE, target());
        kind.assertNew(target(), source);
        assertThat(names(folder)).containsExactly("out");
    }

    @ParameterizedTest
    @EnumSource
    void aModelThatCannotBeReadLeavesTheTargetAlone(Kind kind) throws IOException {
        AtomicInteger reads = new AtomicInteger();
        source.beforeRead(constant -> {
            if (reads.incrementAndGet() == 4) {
                throw new IOException("folder/test.gguf: ends early");
            }
        });
        assertThatThrownBy(() -> kind.export(source, OPTIONS, target()))
                .hasMessageMatching("folder/test.gguf: tensor [ab] cannot be read: ends early");
        assertThat(names(folder)).isEmpty();
        kind.makeOld(target());
        reads.set(0);
        assertThatThrownBy(() -> kind.export(source, REPLACE, target()))
                .hasMessageMatching("folder/test.gguf: tensor [ab] cannot be read: ends early");
        kind.assertOld(target());
        assertThat(names(folder)).containsExactly("out");
    }

    @ParameterizedTest
    @EnumSource
    void aModelThatChangesMeanwhileLeavesTheTargetAlone(Kind kind) throws IOException {
        source.beforeRead(constant -> source.change());
        kind.makeOld(target());
        assertThatThrownBy(() -> kind.export(source, REPLACE, target())).hasMessageContaining("has changed");
        kind.assertOld(target());
        assertThat(names(folder)).containsExactly("out");
    }

    @ParameterizedTest
    @EnumSource
    void anInterruptLeavesTheTargetAlone(Kind kind) throws Exception {
        CountDownLatch reading = new CountDownLatch(1);
        CountDownLatch interrupted = new CountDownLatch(1);
        source.beforeRead(constant -> {
            reading.countDown();
            await(interrupted);
        });
        kind.makeOld(target());
        AtomicReference<Throwable> failure = new AtomicReference<>();
        AtomicReference<Boolean> status = new AtomicReference<>();
        Thread exporting = Thread.ofPlatform().start(() -> {
            try {
                kind.export(source, REPLACE, target());
            } catch (Throwable e) {
                failure.set(e);
            }
            status.set(Thread.currentThread().isInterrupted());
        });
        reading.await();
        exporting.interrupt();
        interrupted.countDown();
        exporting.join();
        assertThat(failure.get())
                .isInstanceOf(InterruptedIOException.class)
                .hasMessage(target() + ": export interrupted");
        assertThat(status.get()).isTrue();
        kind.assertOld(target());
        assertThat(names(folder)).containsExactly("out");
    }

    @ParameterizedTest
    @EnumSource
    void onlyOneExportAtATimeWritesATarget(Kind kind) throws Exception {
        CountDownLatch reading = new CountDownLatch(1);
        CountDownLatch refused = new CountDownLatch(1);
        source.beforeRead(constant -> {
            reading.countDown();
            await(refused);
        });
        try (ExecutorService executor = Executors.newSingleThreadExecutor()) {
            Future<?> first = executor.submit(() -> {
                kind.export(source, OPTIONS, target());
                return null;
            });
            reading.await();
            try {
                Tensors other = new Tensors().add("a", DType.F32, 1);
                assertThatThrownBy(() -> kind.export(other, REPLACE, target()))
                        .hasMessage(target() + ": is being written by another export");
            } finally {
                refused.countDown();
            }
            first.get();
        }
        kind.assertNew(target(), source);
        assertThat(names(folder)).containsExactly("out");
    }

    @ParameterizedTest
    @EnumSource
    void clearsWhatAKilledExportLeft(Kind kind) throws IOException {
        Path partial = folder.resolve(".out.ffm-store-partial");
        Files.createDirectories(partial.resolve("output/deep"));
        Files.writeString(partial.resolve("output/deep/some"), "half");
        Files.writeString(partial.resolve("lock"), "");
        kind.export(source, OPTIONS, target());
        kind.assertNew(target(), source);
        assertThat(names(folder)).containsExactly("out");
    }

    @Test
    void aFolderThatAKilledExportMovedAwayComesBack() throws IOException {
        Path partial = Files.createDirectory(folder.resolve(".out.ffm-store-partial"));
        Kind.FOLDER.makeOld(partial.resolve("replaced"));
        assertThatThrownBy(() -> Kind.FOLDER.export(source, OPTIONS, target()))
                .hasMessageContaining("is there already");
        Kind.FOLDER.assertOld(target());
        assertThat(names(folder)).containsExactly("out");

        Files.createDirectory(partial);
        Files.writeString(Files.createDirectory(partial.resolve("replaced")).resolve("older"), "older");
        Kind.FOLDER.export(source, REPLACE, target());
        Kind.FOLDER.assertNew(target(), source);
        assertThat(names(folder)).containsExactly("out");
    }

    /// The export was killed while it deleted what it had replaced, and the new folder was moved away later.
    @Test
    void noHalfDeletedFolderComesBack() throws IOException {
        Path partial = Files.createDirectory(folder.resolve(".out.ffm-store-partial"));
        Files.writeString(Files.createDirectory(partial.resolve("discarded")).resolve("half"), "old");
        Kind.FOLDER.export(source, OPTIONS, target());
        Kind.FOLDER.assertNew(target(), source);
        assertThat(names(folder)).containsExactly("out");
    }

    @Test
    void filesOfSomebodyElseStopTheReplacementWhateverTheirSuffix() throws IOException {
        Kind.FOLDER.makeOld(target());
        Path other = Files.writeString(target().resolve("other.safetensors"), "of somebody else");
        assertThatThrownBy(() -> Kind.FOLDER.export(source, REPLACE, target()))
                .hasMessageContaining("it has other.safetensors, which is not of the export that is there");
        assertThat(other).hasContent("of somebody else");
        Kind.FOLDER.assertOld(target());
    }

    @ParameterizedTest
    @EnumSource
    @EnabledOnOs({OS.LINUX, OS.MAC})
    void aLinkStaysALink(Kind kind) throws IOException {
        Path real = folder.resolve("real");
        kind.makeOld(real);
        Files.createSymbolicLink(target(), Path.of("real"));
        kind.export(source, REPLACE, target());
        assertThat(target()).isSymbolicLink();
        kind.assertNew(real, source);
        assertThat(names(folder)).containsExactly("out", "real");
    }

    @Test
    @EnabledOnOs({OS.LINUX, OS.MAC})
    void aReplacedFileKeepsItsPermissions() throws IOException {
        Kind.FILE.makeOld(target());
        Files.setPosixFilePermissions(target(), PosixFilePermissions.fromString("rw-------"));
        Kind.FILE.export(source, REPLACE, target());
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(target())))
                .isEqualTo("rw-------");
    }

    @ParameterizedTest
    @EnumSource
    @EnabledOnOs(OS.LINUX)
    void aNameMayBeAsLongAsTheFileSystemTakes(Kind kind) throws IOException {
        Path target = folder.resolve("x".repeat(255));
        kind.export(source, OPTIONS, target);
        kind.assertNew(target, source);
        assertThat(names(folder)).hasSize(1);
    }

    @ParameterizedTest
    @EnumSource
    void anInterruptAtAnyMomentHasOneForm(Kind kind) throws Exception {
        Random random = new Random(1);
        int interrupted = 0;
        for (int i = 0; i < INTERRUPTS; i++) {
            kind.makeOld(target());
            Interrupted end =
                    Interrupted.after(random.nextLong(30_000_000), () -> kind.export(source, REPLACE, target()));
            assertThat(end.status()).isTrue();
            if (end.failure() == null) {
                kind.assertNew(target(), source);
            } else {
                interrupted++;
                assertThat(end.failure())
                        .isInstanceOf(InterruptedIOException.class)
                        .hasMessage(target() + ": export interrupted");
                kind.assertOld(target());
            }
            assertThat(names(folder)).containsExactly("out");
            clear(target());
        }
        assertThat(interrupted).isPositive();
    }

    @Test
    void anInterruptOfAStreamHasOneForm() throws Exception {
        Random random = new Random(2);
        FileLayout layout = Irpa.layout(source.source());
        for (int i = 0; i < INTERRUPTS; i++) {
            Pipe pipe = Pipe.open();
            try (Pipe.SourceChannel reader = pipe.source();
                    Pipe.SinkChannel writer = pipe.sink()) {
                long wanted = random.nextLong(layout.size() / 2);
                Thread reading = Thread.ofPlatform().start(() -> read(reader, wanted));
                // it cannot end before it is interrupted: nobody reads the rest
                Interrupted end = Interrupted.after(
                        random.nextLong(30_000_000), () -> new Exporter(OPTIONS).stream(writer, "pipe", layout));
                assertThat(end.failure())
                        .isInstanceOf(InterruptedIOException.class)
                        .hasMessage("pipe: export interrupted");
                assertThat(end.status()).isTrue();
                writer.close();
                reading.join();
            }
        }
    }

    private static void read(Pipe.SourceChannel reader, long wanted) {
        ByteBuffer buffer = ByteBuffer.allocate(10_000);
        try {
            for (long left = wanted; left > 0; left -= buffer.position()) {
                buffer.clear();
                if (reader.read(buffer) < 0) {
                    return;
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// How an export ended whose thread was interrupted.
    private record Interrupted(@Nullable Throwable failure, boolean status) {
        interface Export {
            void run() throws IOException;
        }

        static Interrupted after(long nanos, Export export) throws InterruptedException {
            AtomicReference<Interrupted> end = new AtomicReference<>();
            CountDownLatch seen = new CountDownLatch(1);
            Thread exporting = Thread.ofPlatform().start(() -> {
                Throwable failure = null;
                try {
                    export.run();
                } catch (Throwable e) {
                    failure = e;
                }
                while (!Thread.currentThread().isInterrupted() && seen.getCount() > 0) {
                    Thread.onSpinWait(); // it has ended before its interrupt
                }
                end.set(new Interrupted(failure, Thread.currentThread().isInterrupted()));
            });
            LockSupport.parkNanos(nanos);
            exporting.interrupt();
            seen.countDown();
            exporting.join();
            return end.get();
        }
    }

    private static void clear(Path path) throws IOException {
        try (Stream<Path> paths = Files.walk(path)) {
            for (Path one : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(one);
            }
        }
    }

    @Test
    void aFolderOfOtherThingsIsNotReplaced() throws IOException {
        Files.writeString(Files.createDirectory(target()).resolve("thesis.tex"), "years of work");
        assertThatThrownBy(() -> Kind.FOLDER.export(source, REPLACE, target()))
                .hasMessageContaining("out: is a folder of other things")
                .hasMessageContaining("it has no model.safetensors.index.json");
        assertThat(target().resolve("thesis.tex")).hasContent("years of work");
        Files.delete(target().resolve("thesis.tex"));
        Kind.FOLDER.export(source, REPLACE, target());
        Kind.FOLDER.assertNew(target(), source);
    }

    @Test
    void aFileDoesNotReplaceAFolderNorAFolderAFile() throws IOException {
        Kind.FOLDER.makeOld(target());
        assertThatThrownBy(() -> Kind.FILE.export(source, REPLACE, target())).hasMessageContaining("is a folder");
        Kind.FOLDER.assertOld(target());
        Path file = folder.resolve("file");
        Kind.FILE.makeOld(file);
        assertThatThrownBy(() -> Kind.FOLDER.export(source, REPLACE, file)).hasMessageContaining("is not a folder");
        Kind.FILE.assertOld(file);
        assertThat(names(folder)).containsExactly("file", "out");
    }

    @ParameterizedTest
    @EnumSource
    void saysWhereItCannotWrite(Kind kind) throws IOException {
        Path nowhere = folder.resolve("nowhere/out");
        assertThatThrownBy(() -> kind.export(source, OPTIONS, nowhere))
                .hasMessage(nowhere + ": cannot be written: no such folder");
        Path inAFile = Files.writeString(folder.resolve("file"), "").resolve("out");
        assertThatThrownBy(() -> kind.export(source, OPTIONS, inAFile))
                .hasMessageStartingWith(inAFile + ": cannot be written: ");
        Files.writeString(folder.resolve(".out.ffm-store-partial"), "");
        assertThatThrownBy(() -> kind.export(source, OPTIONS, target()))
                .hasMessage(target() + ": cannot be written: " + folder.resolve(".out.ffm-store-partial")
                        + " is in the way");
        assertThat(names(folder)).containsExactly(".out.ffm-store-partial", "file");
    }

    @ParameterizedTest
    @EnumSource
    void needsANameForTheTarget(Kind kind) throws IOException {
        for (String name : List.of(".", "..")) {
            assertThatThrownBy(() -> kind.export(source, REPLACE, folder.resolve(name)))
                    .hasMessageContaining("is not the name of a file");
        }
        assertThat(names(folder)).isEmpty();
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void neverReplacesWhatIsNoFile() {
        assertThatThrownBy(() -> Kind.FILE.export(source, REPLACE, Path.of("/dev/null")))
                .hasMessage("/dev/null: is neither a file nor a folder");
        assertThatThrownBy(() -> Kind.FILE.export(source, REPLACE, Path.of("/")))
                .hasMessageContaining("is not the name");
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void aStreamSaysThatTheDiskIsFull() throws IOException {
        try (FileChannel full = FileChannel.open(Path.of("/dev/full"), StandardOpenOption.WRITE)) {
            assertThatThrownBy(() -> new Exporter(OPTIONS).stream(full, "/dev/full", Irpa.layout(source.source())))
                    .isInstanceOf(IOException.class)
                    .hasMessage("/dev/full: cannot be written: No space left on device");
        }
    }

    @Test
    void aStreamStopsWhenItIsInterrupted() throws IOException {
        Thread.currentThread().interrupt();
        try {
            assertThatThrownBy(() -> new Exporter(OPTIONS)
                            .stream(
                                    new WritableByteChannel() {
                                        @Override
                                        public int write(ByteBuffer bytes) {
                                            throw new AssertionError("nothing is to be written");
                                        }

                                        @Override
                                        public boolean isOpen() {
                                            return true;
                                        }

                                        @Override
                                        public void close() {}
                                    },
                                    "pipe",
                                    Irpa.layout(source.source())))
                    .isInstanceOf(InterruptedIOException.class);
        } finally {
            assertThat(Thread.interrupted()).isTrue();
        }
    }

    private Path target() {
        return folder.resolve("out");
    }

    private static void await(CountDownLatch latch) throws InterruptedIOException {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new InterruptedIOException(e.getMessage());
        }
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> paths = Files.list(folder)) {
            return paths.map(path -> path.getFileName().toString()).sorted().toList();
        }
    }
}
