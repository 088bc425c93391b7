package dev.ffmstore.bench;

import dev.ffmstore.bench.run.RandomBlocks;
import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.gguf.Shape;
import dev.ffmstore.gguf.TensorInfo;
import dev.ffmstore.internal.gguf.GgufWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;

/// A model of 64 MiB dense.
final class SmallModel {
    static final long DENSE_BYTES = 64L << 20;

    private SmallModel() {}

    static Path writeTo(Path folder) throws IOException {
        GgufWriter writer = new GgufWriter(3)
                .putString("general.architecture", "llama")
                .tensor("blk.0.ffn_up.weight", GgmlType.Q4_K, Shape.of(4096, 2048))
                .tensor("blk.0.ffn_norm.weight", GgmlType.F32, Shape.of(2048, 2048))
                .tensor("output.weight", GgmlType.Q6_K, Shape.of(2048, 2048));
        Path file = folder.resolve("small.gguf");
        try (OutputStream out = Files.newOutputStream(file)) {
            out.write(writer.header());
            for (TensorInfo tensor : writer.tensors()) {
                byte[] blocks = blocks(tensor.ggmlType());
                for (long left = tensor.byteSize(); left > 0; left -= blocks.length) {
                    out.write(blocks, 0, (int) Math.min(left, blocks.length));
                }
            }
        }
        return file;
    }

    private static byte[] blocks(GgmlType type) {
        if (type == GgmlType.F32) {
            ByteBuffer ones = ByteBuffer.allocate(64 << 10).order(ByteOrder.LITTLE_ENDIAN);
            while (ones.hasRemaining()) {
                ones.putFloat(1);
            }
            return ones.array();
        }
        return new RandomBlocks(type, 1).next(64);
    }
}
