package dev.ffmstore.bench.export;

import dev.ffmstore.bench.run.Regions;
import dev.ffmstore.internal.pass.Pass;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// Writes a file of a size as an export does, but with nothing to decode: with the same workers and buffers, forced
/// to the disk at the end.
final class PlainWrite {
    /// How much a worker of an export writes at a time.
    private static final int BUFFER_BYTES = 4 << 20;

    /// The smallest stretch of zeros that an export leaves to the file system.
    private static final int HOLE_BYTES = 64 << 10;

    private static final byte CONTENT = 0x5A;

    private PlainWrite() {}

    /// Writes a new file.
    ///
    /// @param path the file, which does not exist
    /// @param size the size of the file in bytes
    /// @param threads the number of workers
    static void write(Path path, long size, int threads) throws Exception {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.allocate(1), size - 1);
            long pieces = Math.ceilDiv(size, (long) BUFFER_BYTES);
            Regions.run(threads, pieces, worker -> newTask(channel, size, worker.arena()));
            channel.force(true);
        }
    }

    private static Pass.Task newTask(FileChannel channel, long size, Arena arena) {
        MemorySegment buffer = arena.allocate(BUFFER_BYTES, Long.BYTES).fill(CONTENT);
        return index -> {
            long from = index * BUFFER_BYTES;
            long length = Math.min(BUFFER_BYTES, size - from);
            writeFully(channel, buffer.asSlice(0, length).asByteBuffer(), from);
        };
    }

    private static void writeFully(FileChannel channel, ByteBuffer bytes, long offset) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes, offset + bytes.position());
        }
    }

    /// {@return how many bytes of a file an export writes: all but the stretches of zeros that it leaves to the
    /// file system}
    static long writtenBytes(Path path) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
                Arena arena = Arena.ofConfined()) {
            MemorySegment block = arena.allocate(HOLE_BYTES);
            MemorySegment zeros = arena.allocate(HOLE_BYTES);
            long written = 0;
            for (long at = 0; at < channel.size(); at += HOLE_BYTES) {
                ByteBuffer bytes = block.asByteBuffer();
                while (bytes.hasRemaining() && channel.read(bytes, at + bytes.position()) >= 0) {
                    continue;
                }
                if (block.asSlice(0, bytes.position()).mismatch(zeros.asSlice(0, bytes.position())) >= 0) {
                    written += bytes.position();
                }
            }
            return written;
        }
    }
}
