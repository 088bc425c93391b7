package example;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.ffmstore.Tensor;
import dev.ffmstore.TensorStore;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConsumerTest {
    @TempDir
    Path folder;

    @Test
    void readsATensorFromTheClassPath() throws IOException {
        assertFalse(TensorStore.class.getModule().isNamed());
        try (TensorStore store = TensorStore.load(TinyGguf.writeTo(folder))) {
            Tensor tensor = store.tensor("tiny");
            assertArrayEquals(new long[] {2, 4}, tensor.shape().toArray());
            assertEquals(7.5f, tensor.segment().getAtIndex(ValueLayout.JAVA_FLOAT, 7));
        }
    }

    /// A JVM of its own, without flags: what it says of restricted methods or incubator modules would stand on
    /// stderr. The library's own log line is kept out of it by a logging configuration without handlers.
    @Test
    void theJvmHasNothingToWarnOf() throws IOException, InterruptedException {
        Path file = TinyGguf.writeTo(folder);
        Path out = folder.resolve("out");
        Path err = folder.resolve("err");
        Path noHandlers = Files.createFile(folder.resolve("logging.properties"));
        int status = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Djava.util.logging.config.file=" + noHandlers,
                        "-cp",
                        System.getProperty("java.class.path"),
                        FirstValue.class.getName(),
                        file.toString(),
                        "tiny")
                .redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start()
                .waitFor();

        assertEquals("", Files.readString(err));
        assertEquals("0.5", Files.readString(out).strip());
        assertEquals(0, status);
    }
}
