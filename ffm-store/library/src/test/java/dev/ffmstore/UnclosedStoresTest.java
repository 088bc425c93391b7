package dev.ffmstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.logging.Level;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Stores that nobody closes. Runs with native access, where their memory is a mapping of their own.
class UnclosedStoresTest {
    private static final long PATIENCE_NANOS = Duration.ofSeconds(30).toNanos();

    @TempDir
    Path folder;

    private LoggedMessages logged;

    @BeforeEach
    void listen() {
        logged = LoggedMessages.of("dev.ffmstore.internal.memory.Unclosed");
    }

    @AfterEach
    void stopListening() {
        logged.close();
    }

    /// Where some memory was, without referring to it.
    private record Place(long address, long byteSize) {
        static Place of(MemorySegment segment) {
            return new Place(segment.address(), segment.byteSize());
        }

        /// Whether all of it is mapped: a part of it may have been given to somebody else since.
        boolean isMapped() throws IOException {
            long at = address;
            for (String line : Files.readAllLines(Path.of("/proc/self/maps"), StandardCharsets.ISO_8859_1)) {
                int dash = line.indexOf('-');
                long start = Long.parseUnsignedLong(line, 0, dash, 16);
                long end = Long.parseUnsignedLong(line, dash + 1, line.indexOf(' '), 16);
                if (start <= at && at < end) {
                    at = end;
                }
            }
            return at >= address + byteSize;
        }
    }

    private Path model(String name) throws IOException {
        return Files.write(folder.resolve(name), TestModel.large().bytes());
    }

    /// Loads a store, and lets go of it.
    private Place forget(Path path) throws IOException {
        return Place.of(TensorStore.load(path).tensor("first").segment());
    }

    private static boolean collectUntil(BooleanSupplier done) throws InterruptedException {
        long start = System.nanoTime();
        while (!done.getAsBoolean() && System.nanoTime() - start < PATIENCE_NANOS) {
            System.gc();
            Thread.sleep(20);
        }
        return done.getAsBoolean();
    }

    private boolean isMentioned(Path path) {
        return logged.messages().stream().anyMatch(message -> message.contains(path.toString()));
    }

    private static void requireMappings() {
        assumeTrue(System.getProperty("os.name").equals("Linux")
                && System.getProperty("os.arch").equals("amd64"));
    }

    @Test
    void areFreedAndMentionedOnce() throws Exception {
        requireMappings();
        Path path = model("forgotten.gguf");
        Place place = forget(path);
        assertThat(place.isMapped()).isTrue();
        assertThat(collectUntil(() -> isMentioned(path))).isTrue();
        assertThat(place.isMapped()).isFalse();

        Path another = model("later.gguf");
        forget(another);
        assertThat(collectUntil(() -> isMentioned(another))).isTrue();
        assertThat(logged.messages().stream().filter(message -> message.contains(path.toString())))
                .containsExactly(Level.WARNING + " " + path + ": this store was never closed; its memory has been freed"
                        + " now that nobody can reach it");
    }

    @Test
    void liveAsLongAsASegmentOfThem() throws Exception {
        requireMappings();
        Path path = model("held.gguf");
        List<MemorySegment> held = new ArrayList<>(
                List.of(TensorStore.load(path).tensor("third").segment().asSlice(4096, 4)));
        Place place = Place.of(held.getFirst());
        int first = held.getFirst().get(ValueLayout.JAVA_INT, 0);
        Path sentinel = model("sentinel.gguf");
        forget(sentinel);
        assertThat(collectUntil(() -> isMentioned(sentinel))).isTrue();
        for (int i = 0; i < 5; i++) {
            System.gc();
            Thread.sleep(20);
        }
        assertThat(isMentioned(path)).isFalse();
        assertThat(place.isMapped()).isTrue();
        assertThat(held.getFirst().get(ValueLayout.JAVA_INT, 0)).isEqualTo(first);
        held.clear();
        assertThat(collectUntil(() -> isMentioned(path))).isTrue();
        assertThat(place.isMapped()).isFalse();
    }

    @Test
    void areNotThoseThatWereClosedNorThoseOfACallersArena() throws Exception {
        Path closed = model("closed.gguf");
        TensorStore.load(closed).close();
        Path failed = model("failed.gguf");
        failToLoad(failed);
        Path callers = model("callers.gguf");
        try (Arena arena = Arena.ofShared()) {
            TensorStore.load(callers, TensorForm.dense(), LoadOptions.defaults().arena(arena));
        }
        Path sentinel = model("sentinel.gguf");
        forget(sentinel);
        assertThat(collectUntil(() -> isMentioned(sentinel))).isTrue();
        for (int i = 0; i < 5; i++) {
            System.gc();
            Thread.sleep(20);
        }
        assertThat(logged.messages()).singleElement().asString().contains(sentinel.toString());
    }

    private static void failToLoad(Path path) throws IOException {
        LoadOptions options = LoadOptions.defaults().progress((done, total) -> {
            throw new UnsupportedOperationException("enough");
        });
        try {
            TensorStore.load(path, TensorForm.dense(), options);
        } catch (UnsupportedOperationException e) {
            assertThat(e).hasMessage("enough");
        }
    }
}
