package dev.ffmstore.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ffmstore.cli.demo.DemoFile;
import dev.ffmstore.cli.demo.DemoModel;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class DemoCommandTest {
    @TempDir
    Path folder;

    @Test
    @EnabledOnOs(OS.LINUX)
    void isWrittenOnceAndTheSameEverywhere() throws Exception {
        Object[] demo = {"demo", "--json", "--layers", 1, "--cache-dir", folder.resolve("new/cache")};
        CliRun first = CliRun.inFreshJvm(CliRun.launcherFlags(), demo);
        assertThat(first.status()).as(first.err()).isZero();
        assertThat(first.json())
                .containsEntry("synthetic", true)
                .containsEntry("written", true)
                .containsEntry("layers", BigInteger.ONE)
                .containsEntry("tensors", BigInteger.valueOf(12));
        Path file = Path.of((String) first.json().get("file"));
        assertThat(sha256(file)).isEqualTo("9978a6629eca0d75440b44ce9ceee2b1f8ff400a5f722c95a4c5377a307ed012");
        assertThat(file.resolveSibling(file.getFileName() + ".part")).doesNotExist();

        CliRun second = CliRun.inFreshJvm(CliRun.launcherFlags(), demo);
        assertThat(second.json()).containsEntry("written", false);

        CliRun sums = CliRun.inFreshJvm(PeakProbe.class, CliRun.launcherFlags(), "checksum", file);
        assertThat(sums.status()).isZero();
        assertThat(sums.out().lines()).hasSize(12);
        assertThat(Long.parseLong(sums.errorLines().getLast())).isBetween(1L << 20, 128L << 20);
    }

    @Test
    void saysThatTheWeightsAreSynthetic() throws Exception {
        CliRun run = CliRun.of("demo", "--layers", 1, "--cache-dir", folder);
        assertThat(run.status()).isZero();
        assertThat(run.out())
                .contains("writing ", "synthetic", "ffm-store load FILE.gguf")
                .containsPattern("tensors +12\\R");
    }

    /// Writes the model of one layer, as `demo` does.
    static final class OneLayer {
        public static void main(String[] arguments) throws Exception {
            DemoFile.write(List.of(Path.of(arguments[0])), new DemoModel(1), 1, (done, total) -> {});
        }
    }

    @Test
    void isWrittenOnceWhoeverElseIsWritingIt() throws Exception {
        Path file = folder.resolve("model.gguf");
        List<Thread> runs = new ArrayList<>();
        List<CliRun> results = Collections.synchronizedList(new ArrayList<>());
        for (int i = 0; i < 3; i++) {
            runs.add(Thread.ofPlatform().start(() -> {
                try {
                    results.add(CliRun.inFreshJvm(OneLayer.class, List.of("-Xmx32m"), file));
                } catch (IOException | InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            }));
        }
        for (Thread run : runs) {
            run.join();
        }
        assertThat(results).hasSize(3).allSatisfy(result -> {
            assertThat(result.errorLines()).isEmpty();
            assertThat(result.status()).isZero();
        });
        assertThat(DemoFile.isWritten(List.of(file), new DemoModel(1))).isTrue();
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left.map(path -> path.getFileName().toString())).containsExactly("model.gguf");
        }
    }

    private static String sha256(Path file) throws Exception {
        MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
        byte[] buffer = new byte[1 << 16];
        try (var stream = Files.newInputStream(file)) {
            for (int read = stream.read(buffer); read >= 0; read = stream.read(buffer)) {
                sha256.update(buffer, 0, read);
            }
        }
        return HexFormat.of().formatHex(sha256.digest());
    }
}
