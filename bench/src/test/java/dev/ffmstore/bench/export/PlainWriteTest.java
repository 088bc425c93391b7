package dev.ffmstore.bench.export;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PlainWriteTest {
    @TempDir
    Path folder;

    @Test
    void countsWhatIsNotAHole() throws Exception {
        Path file = folder.resolve("holes");
        PlainWrite.write(file, 200_000, 2);
        assertThat(PlainWrite.writtenBytes(file)).isEqualTo(200_000).isEqualTo(Files.size(file));
        byte[] bytes = new byte[300_000];
        bytes[150_000] = 1;
        bytes[299_999] = 1;
        assertThat(PlainWrite.writtenBytes(Files.write(file, bytes))).isEqualTo(65_536 + 300_000 - 4 * 65_536);
    }
}
