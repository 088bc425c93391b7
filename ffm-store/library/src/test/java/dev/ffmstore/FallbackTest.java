package dev.ffmstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ffmstore.ggml.BlockDecoders;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The store in a JVM without any flag: no native access, no vector module. Run by a Surefire execution of its own.
@Tag("no-flags")
class FallbackTest {
    /// What the decoders have logged since before the first test of this JVM.
    private static final List<LogRecord> LOGGED = new CopyOnWriteArrayList<>();

    /// Kept, or the logger and its handler would be collected.
    private static final Logger LOGGER = Logger.getLogger(BlockDecoders.class.getName());

    @TempDir
    Path folder;

    @BeforeAll
    static void collectWhatIsLogged() {
        LOGGER.addHandler(new Handler() {
            @Override
            public void publish(LogRecord logged) {
                LOGGED.add(logged);
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        });
    }

    @Test
    void theJvmHasNoFlags() {
        assertThat(FallbackTest.class.getModule().isNativeAccessEnabled()).isFalse();
        assertThat(ModuleLayer.boot().findModule("jdk.incubator.vector")).isEmpty();
    }

    @Test
    void loadsIntoOrdinaryPages() throws IOException {
        for (TestModel model : List.of(TestModel.ofEveryType(), TestModel.large())) {
            try (TensorStore store = TensorStore.load(model.writeTo(folder))) {
                TensorStoreTest.assertHolds(store, model);
                assertThat(store.report().memory()).contains("ordinary pages");
                assertThat(store.report().decoder()).isEqualTo("scalar");
            }
        }
        // still nobody has made a restricted call, which would have flipped the answer
        assertThat(FallbackTest.class.getModule().isNativeAccessEnabled()).isFalse();
    }

    @Test
    void loadsIntoTheCallersArena() throws IOException {
        TestModel model = TestModel.large();
        try (Arena arena = Arena.ofShared();
                TensorStore store = TensorStore.load(
                        model.writeTo(folder),
                        TensorForm.dense(),
                        LoadOptions.defaults().arena(arena))) {
            TensorStoreTest.assertHolds(store, model);
            assertThat(store.tensor("first").segment().scope()).isEqualTo(arena.scope());
        }
    }

    @Test
    void asksAnArenaOfTheCallersMakingOnce() throws IOException {
        TensorStoreTest.assertThatAnArenaOfTheCallersMakingIsAskedOnce(folder);
    }

    @Test
    void saysThatAStoreWasNeverClosedWhichCannotBeFreed() throws Exception {
        Path closed = Files.write(
                folder.resolve("closed.gguf"), TestModel.ofEveryType().bytes());
        Path forgotten = Files.write(
                folder.resolve("forgotten.gguf"), TestModel.ofEveryType().bytes());
        try (LoggedMessages unclosed = LoggedMessages.of("dev.ffmstore.internal.memory.Unclosed")) {
            TensorStore.load(closed).close();
            TensorStore.load(forgotten);
            long start = System.nanoTime();
            while (unclosed.messages().isEmpty() && System.nanoTime() - start < 30_000_000_000L) {
                System.gc();
                Thread.sleep(20);
            }
            assertThat(unclosed.messages())
                    .containsExactly("WARNING " + forgotten
                            + ": this store was never closed, and its memory stays until the process ends");
        }
    }

    @Test
    void theLogSaysOnceWhichFlagIsMissing() {
        assertThat(DecoderChoice.AUTO.decoders(1).kind()).isEqualTo(BlockDecoders.Kind.SCALAR);
        assertThat(BlockDecoders.best()).isSameAs(BlockDecoders.scalar());
        assertThat(BlockDecoders.isVectorAvailable()).isFalse();
        assertThat(LOGGED)
                .filteredOn(logged -> logged.getLevel() == Level.INFO)
                .singleElement()
                .satisfies(logged -> assertThat(logged.getMessage()).contains("--add-modules jdk.incubator.vector"));
    }

    @Test
    void saysWhichFlagVectorsNeed() {
        LoadOptions vector = LoadOptions.defaults().decoder(DecoderChoice.VECTOR);
        assertThatThrownBy(() -> TensorStore.load(TestModel.large().writeTo(folder), TensorForm.dense(), vector))
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessageContaining("--add-modules jdk.incubator.vector");
    }
}
