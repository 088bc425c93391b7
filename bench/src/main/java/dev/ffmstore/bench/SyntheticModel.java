package dev.ffmstore.bench;

import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.gguf.Shape;
import dev.ffmstore.gguf.TensorInfo;
import dev.ffmstore.internal.gguf.GgufWriter;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;

/// A model of random blocks for a measurement: what it weighs is given, what it says is nothing.
///
/// The blocks of a type are drawn once, a few of them, and repeated.
record SyntheticModel(GgufWriter header) {
    private static final int DRAWN_BLOCKS = 256;
    private static final int WIDTH = 2048;
    private static final int KEY_VALUE_WIDTH = 256;
    private static final int FEED_FORWARD = 5632;

    /// {@return one of TinyLlama's shape in the demo model's mix of types}
    ///
    /// @param layers how many layers; TinyLlama has 22
    /// @param vocabulary how many words; TinyLlama has 32,000
    static SyntheticModel layers(int layers, int vocabulary) {
        GgufWriter writer = new GgufWriter(3).putString("general.architecture", "llama");
        add(writer, "output", GgmlType.Q6_K, vocabulary, WIDTH);
        add(writer, "output_norm", GgmlType.F32, WIDTH);
        add(writer, "token_embd", GgmlType.Q4_K, vocabulary, WIDTH);
        for (int i = 0; i < layers; i++) {
            String block = "blk." + i + ".";
            GgmlType sensitive = i % 2 == 0 ? GgmlType.Q6_K : GgmlType.Q4_K;
            add(writer, block + "attn_k", GgmlType.Q4_K, KEY_VALUE_WIDTH, WIDTH);
            add(writer, block + "attn_norm", GgmlType.F32, WIDTH);
            add(writer, block + "attn_output", GgmlType.Q4_K, WIDTH, WIDTH);
            add(writer, block + "attn_q", GgmlType.Q4_K, WIDTH, WIDTH);
            add(writer, block + "attn_v", sensitive, KEY_VALUE_WIDTH, WIDTH);
            add(writer, block + "ffn_down", sensitive, WIDTH, FEED_FORWARD);
            add(writer, block + "ffn_gate", GgmlType.Q4_K, FEED_FORWARD, WIDTH);
            add(writer, block + "ffn_norm", GgmlType.F32, WIDTH);
            add(writer, block + "ffn_up", GgmlType.Q4_K, FEED_FORWARD, WIDTH);
        }
        return new SyntheticModel(writer);
    }

    /// {@return one of many tensors of Q4_K}
    ///
    /// @param count how many
    /// @param elements of each, a multiple of 256
    static SyntheticModel many(int count, int elements) {
        GgufWriter writer = new GgufWriter(3).putString("general.architecture", "llama");
        for (int i = 0; i < count; i++) {
            add(writer, "blk." + i, GgmlType.Q4_K, elements);
        }
        return new SyntheticModel(writer);
    }

    /// {@return the same elements as one tensor}
    static SyntheticModel one(int count, int elements) {
        GgufWriter writer = new GgufWriter(3).putString("general.architecture", "llama");
        add(writer, "all", GgmlType.Q4_K, count, elements);
        return new SyntheticModel(writer);
    }

    private static void add(GgufWriter writer, String name, GgmlType type, long... dimensions) {
        writer.tensor(name + ".weight", type, Shape.of(dimensions));
    }

    /// {@return the size of all tensors when they are decoded, in bytes}
    long denseBytes() {
        return header.tensors().stream().mapToLong(TensorInfo::denseByteSize).sum();
    }

    /// {@return the size of the file}
    long fileBytes() {
        return header.fileSize();
    }

    /// Writes the file.
    ///
    /// @return its path
    Path writeTo(Path path) throws IOException {
        Map<GgmlType, byte[]> drawn = new EnumMap<>(GgmlType.class);
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(path), 1 << 20)) {
            out.write(header.header());
            long end = header.dataOffset();
            for (TensorInfo tensor : header.tensors()) {
                out.write(new byte[Math.toIntExact(tensor.offset() - end)]);
                byte[] blocks = drawn.computeIfAbsent(tensor.type(), SyntheticModel::draw);
                for (long left = tensor.byteSize(); left > 0; left -= blocks.length) {
                    out.write(blocks, 0, (int) Math.min(left, blocks.length));
                }
                end = tensor.offset() + tensor.byteSize();
            }
            out.write(new byte[Math.toIntExact(header.fileSize() - end)]);
        }
        return path;
    }

    private static byte[] draw(GgmlType type) {
        if (type != GgmlType.F32) {
            return new RandomBlocks(type, 1).next(DRAWN_BLOCKS);
        }
        ByteBuffer norms = ByteBuffer.allocate(DRAWN_BLOCKS * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; norms.hasRemaining(); i++) {
            norms.putFloat(1 + i * 0x1p-12f);
        }
        return norms.array();
    }
}
