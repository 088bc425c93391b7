package dev.ffmstore.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ffmstore.DType;
import dev.ffmstore.formats.Irpa;
import dev.ffmstore.formats.Safetensors;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
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

    @TempDir
    Path folder;

    private final TestConstants source =
            new TestConstants().add("a", DType.F32, 2_000_000).add("b", DType.F32, 3_000_000);

    /// The two kinds of targets, and what is there before.
    enum Kind {
        FILE {
            @Override
            void export(TestConstants source, ExportOptions options, Path target) throws IOException {
                new Exporter(source, options).write(target, Irpa.layout(source));
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
            void assertNew(Path target, TestConstants source) throws IOException {
                assertThat(Files.readAllBytes(target)).isEqualTo(source.render(Irpa.layout(source)));
            }
        },
        FOLDER {
            @Override
            void export(TestConstants source, ExportOptions options, Path target) throws IOException {
                new Exporter(source, options).writeFolder(target, Safetensors.shards(source, 1));
            }

            @Override
            void makeOld(Path target) throws IOException {
                Files.createDirectories(target);
                Files.writeString(target.resolve("old.safetensors"), "old");
                Files.writeString(target.resolve("model.safetensors.index.json"), "{}");
            }

            @Override
            void assertOld(Path target) {
                assertThat(target.resolve("old.safetensors")).hasContent("old");
                assertThat(target.resolve("model.safetensors.index.json")).hasContent("{}");
            }

            @Override
            void assertNew(Path target, TestConstants source) throws IOException {
                List<NamedLayout> files = Safetensors.shards(source, 1);
                assertThat(names(target))
                        .containsExactlyElementsOf(
                                files.stream().map(NamedLayout::path).sorted().toList());
                for (NamedLayout file : files) {
                    assertThat(Files.readAllBytes(target.resolve(file.path()))).isEqualTo(source.render(file.layout()));
                }
            }
        };

        abstract void export(TestConstants source, ExportOptions options, Path target) throws IOException;

        abstract void makeOld(Path target) throws IOException;

        abstract void assertOld(Path target);

        abstract void assertNew(Path target, TestConstants source) throws IOException;
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
                throw new IOException("test.gguf: ends early");
            }
        });
        assertThatThrownBy(() -> kind.export(source, OPTIONS, target())).hasMessage("test.gguf: ends early");
        assertThat(names(folder)).isEmpty();
        kind.makeOld(target());
        reads.set(0);
        assertThatThrownBy(() -> kind.export(source, REPLACE, target())).hasMessage("test.gguf: ends early");
        kind.assertOld(target());
        assertThat(names(folder)).containsExactly("out");
        assertThat(source.openReaders()).isZero();
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
                TestConstants other = new TestConstants().add("a", DType.F32, 1);
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

    @Test
    void aFolderOfOtherThingsIsNotReplaced() throws IOException {
        Files.writeString(Files.createDirectory(target()).resolve("thesis.tex"), "years of work");
        assertThatThrownBy(() -> Kind.FOLDER.export(source, REPLACE, target()))
                .hasMessageContaining("out: is a folder of other things")
                .hasMessageContaining("it has thesis.tex");
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
            assertThatThrownBy(() -> new Exporter(source, OPTIONS).stream(full, "/dev/full", Irpa.layout(source)))
                    .isInstanceOf(IOException.class)
                    .hasMessage("/dev/full: cannot be written: No space left on device");
        }
        assertThat(source.openReaders()).isZero();
    }

    @Test
    void aStreamStopsWhenItIsInterrupted() throws IOException {
        Thread.currentThread().interrupt();
        try {
            assertThatThrownBy(() -> new Exporter(source, OPTIONS)
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
                                    Irpa.layout(source)))
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
