package dev.ffmstore.cli;

import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.gguf.Shape;
import dev.ffmstore.internal.gguf.GgufWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// A file with a single tensor of zeros that takes no room on the disk.
final class SparseModel {
    private SparseModel() {}

    /// @param bytes the size of the tensor, an F32 one
    static void write(Path path, long bytes) throws IOException {
        GgufWriter writer = new GgufWriter(3).tensor("zeros", GgmlType.F32, Shape.of(bytes / Float.BYTES));
        try (FileChannel channel = FileChannel.open(
                path, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.SPARSE)) {
            channel.write(ByteBuffer.wrap(writer.header()), 0);
            channel.write(ByteBuffer.allocate(1), writer.fileSize() - 1);
        }
    }
}
