package dev.ffmstore.export;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;

/// Tells whether a small file exists already with the bytes that it is to have, and so need not be replaced.
final class WrittenBefore {
    private static final int BUFFER_BYTES = 64 << 10;

    private WrittenBefore() {}

    static boolean is(Path path, FileLayout layout) throws IOException {
        if (!Files.isRegularFile(path) || !Files.isReadable(path) || Files.size(path) != layout.size()) {
            return false;
        }
        try (FileChannel channel = FileChannel.open(path);
                Arena arena = Arena.ofConfined();
                Renderer renderer = new Renderer()) {
            MemorySegment expected = arena.allocate(BUFFER_BYTES);
            MemorySegment found = arena.allocate(BUFFER_BYTES);
            for (long at = 0; at < layout.size(); at += BUFFER_BYTES) {
                long size = Math.min(BUFFER_BYTES, layout.size() - at);
                renderer.render(layout, at, expected.asSlice(0, size));
                ByteBuffer bytes = found.asSlice(0, size).asByteBuffer();
                while (bytes.hasRemaining() && channel.read(bytes, at + bytes.position()) >= 0) {
                    continue;
                }
                if (bytes.hasRemaining() || expected.asSlice(0, size).mismatch(found.asSlice(0, size)) >= 0) {
                    return false;
                }
            }
            return true;
        }
    }
}
