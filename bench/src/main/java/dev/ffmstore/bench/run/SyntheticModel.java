package dev.ffmstore.bench.run;

import dev.ffmstore.cli.demo.DemoModel;
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

/// A model of random blocks for a measurement: its shapes are given, its values mean nothing.
///
/// A few blocks of each type are drawn once, and repeated.
public record SyntheticModel(GgufWriter header) {
    private static final int DRAWN_BLOCKS = 256;

    /// {@return a model of TinyLlama's shape, in the demo model's mix of types}
    ///
    /// @param layers the number of layers; TinyLlama has 22
    /// @param vocabulary the number of words; TinyLlama has 32,000
    public static SyntheticModel layers(int layers, int vocabulary) {
        GgufWriter writer = new GgufWriter(3).putString("general.architecture", "llama");
        DemoModel.addTensors(writer, layers, vocabulary);
        return new SyntheticModel(writer);
    }

    /// {@return a model of many tensors of type Q4_K}
    ///
    /// @param count the number of tensors
    /// @param elements the number of elements of each, a multiple of 256
    public static SyntheticModel many(int count, int elements) {
        GgufWriter writer = new GgufWriter(3).putString("general.architecture", "llama");
        for (int i = 0; i < count; i++) {
            add(writer, "blk." + i, GgmlType.Q4_K, elements);
        }
        return new SyntheticModel(writer);
    }

    /// {@return a model of the same elements in one tensor}
    public static SyntheticModel one(int count, int elements) {
        GgufWriter writer = new GgufWriter(3).putString("general.architecture", "llama");
        add(writer, "all", GgmlType.Q4_K, count, elements);
        return new SyntheticModel(writer);
    }

    private static void add(GgufWriter writer, String name, GgmlType type, long... dimensions) {
        writer.tensor(name + ".weight", type, Shape.of(dimensions));
    }

    /// {@return the size of all tensors when they are decoded, in bytes}
    public long denseBytes() {
        return header.tensors().stream().mapToLong(TensorInfo::denseByteSize).sum();
    }

    /// {@return the size of the file in bytes}
    public long fileBytes() {
        return header.fileSize();
    }

    /// Writes the file.
    ///
    /// @return the path of the file
    public Path writeTo(Path path) throws IOException {
        Map<GgmlType, byte[]> drawn = new EnumMap<>(GgmlType.class);
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(path), 1 << 20)) {
            out.write(header.header());
            long end = header.dataOffset();
            for (TensorInfo tensor : header.tensors()) {
                out.write(new byte[Math.toIntExact(tensor.offset() - end)]);
                byte[] blocks = drawn.computeIfAbsent(tensor.ggmlType(), SyntheticModel::draw);
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
