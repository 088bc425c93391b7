package dev.ffmstore.export;

import dev.ffmstore.gguf.Source;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;

/// A file that is an array.
@SuppressWarnings("ArrayRecordComponent") // compared by nobody
public record BytesSource(String name, byte[] bytes) implements Source {
    public static BytesSource of(String text) {
        return new BytesSource("test.mlir", text.getBytes(StandardCharsets.UTF_8));
    }

    /// {@return a file among the tests' resources}
    public static BytesSource resource(String name) throws IOException {
        try {
            Path path = Path.of(Objects.requireNonNull(BytesSource.class.getResource("/mlir/" + name))
                    .toURI());
            return new BytesSource(name, Files.readAllBytes(path));
        } catch (java.net.URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public long size() {
        return bytes.length;
    }

    @Override
    public Identity identity() {
        return new Identity(bytes.length, "", "");
    }

    @Override
    public void read(long offset, MemorySegment target) {
        Objects.checkFromIndexSize(offset, target.byteSize(), bytes.length);
        MemorySegment.copy(
                MemorySegment.ofArray(bytes),
                ValueLayout.JAVA_BYTE,
                offset,
                target,
                ValueLayout.JAVA_BYTE,
                0,
                target.byteSize());
    }

    @Override
    public void close() {}
}
