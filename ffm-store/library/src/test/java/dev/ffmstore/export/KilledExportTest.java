package dev.ffmstore.export;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ffmstore.fixtures.Tensors;
import dev.ffmstore.formats.Irpa;
import dev.ffmstore.formats.Safetensors;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A process that is really killed, at random moments: few of them, since `TransactionFaultsTest` has one die at
/// every step there is. `-Dffmstore.kills=50` kills more.
class KilledExportTest {
    private static final int KILLS = Integer.getInteger("ffmstore.kills", 3);
    private static final String OLD = "{}";
    private static final boolean EXCHANGES = System.getProperty("os.name").equals("Linux")
            && System.getProperty("os.arch").equals("amd64");

    @TempDir
    Path folder;

    private final Tensors source = ExportChild.source();

    @ParameterizedTest
    @ValueSource(strings = {"file", "folder"})
    void leavesTheTargetAsItWasOrComplete(String kind) throws Exception {
        Path target = folder.resolve("out");
        long undisturbedNanos = run(kind, target, Long.MAX_VALUE);
        assertComplete(kind, target);
        assertThat(names()).containsExactly("out");
        int killed = 0;
        Random random = new Random();
        for (int i = 0; i < KILLS; i++) {
            boolean fresh = i % 2 == 0;
            clear();
            if (!fresh) {
                makeOld(kind, target);
            }
            run(kind, target, random.nextLong(undisturbedNanos));
            boolean complete = Files.exists(target) && !isOld(kind, target);
            if (complete) {
                assertComplete(kind, target);
            } else {
                killed++;
                // a file that was there stays; where names cannot be exchanged, a folder comes back with the next
                if (EXCHANGES || kind.equals("file")) {
                    assertThat(Files.exists(target)).isEqualTo(!fresh);
                }
            }
            ExportChild.export(source, kind, target);
            assertComplete(kind, target);
            assertThat(names()).containsExactly("out");
        }
        System.out.printf("%s: %d of %d killed before the end%n", kind, killed, KILLS);
    }

    /// Exports in a process of its own, killed some time after it has begun; returns how long it went on.
    private static long run(String kind, Path target, long nanos) throws IOException, InterruptedException {
        Process process = ExportChild.start(kind, target);
        try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
            assertThat(out.readLine()).isEqualTo(ExportChild.READY);
            long start = System.nanoTime();
            if (!process.waitFor(nanos, TimeUnit.NANOSECONDS)) {
                process.destroyForcibly();
            }
            process.waitFor();
            return System.nanoTime() - start;
        }
    }

    private static void makeOld(String kind, Path target) throws IOException {
        if (kind.equals("file")) {
            Files.writeString(target, OLD);
        } else {
            Files.createDirectory(target);
            Files.writeString(target.resolve("model.safetensors.index.json"), OLD);
        }
    }

    private static boolean isOld(String kind, Path target) throws IOException {
        Path file = kind.equals("file") ? target : target.resolve("model.safetensors.index.json");
        return Files.size(file) == OLD.length() && Files.readString(file).equals(OLD);
    }

    private void assertComplete(String kind, Path target) throws IOException {
        if (kind.equals("file")) {
            assertSame(Irpa.layout(source.source()), target);
        } else {
            List<NamedLayout> files = Safetensors.shards(source.source(), 1);
            assertThat(target.toFile().list()).hasSize(files.size());
            for (NamedLayout file : files) {
                assertSame(file.layout(), target.resolve(file.path()));
            }
        }
    }

    private void assertSame(FileLayout layout, Path file) throws IOException {
        assertThat(Arrays.equals(Files.readAllBytes(file), Tensors.rendered(layout)))
                .as(file.toString())
                .isTrue();
    }

    private void clear() throws IOException {
        try (Stream<Path> paths = Files.walk(folder)) {
            for (Path path : paths.sorted((a, b) -> b.compareTo(a)).toList()) {
                if (!path.equals(folder)) {
                    Files.delete(path);
                }
            }
        }
    }

    private List<String> names() throws IOException {
        try (Stream<Path> paths = Files.list(folder)) {
            return paths.map(path -> path.getFileName().toString()).sorted().toList();
        }
    }
}
