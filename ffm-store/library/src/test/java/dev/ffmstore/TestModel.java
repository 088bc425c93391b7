package dev.ffmstore;

import dev.ffmstore.ggml.BlockDecoder;
import dev.ffmstore.ggml.BlockDecoders;
import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.gguf.MetadataType;
import dev.ffmstore.gguf.Shape;
import dev.ffmstore.gguf.TensorInfo;
import dev.ffmstore.internal.gguf.GgufWriter;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/// Small models with tensors of every type there is a decoder for, and what they hold once decoded.
///
/// @param header describes the tensors
/// @param bytes the whole file
public record TestModel(GgufWriter header, byte[] bytes) {

    /// One tensor of each type, of odd sizes, so that slots, blocks and huge pages do not line up; and an empty
    ///tensor and a scalar.
    public static TestModel ofEveryType() {
        GgufWriter header = new GgufWriter(3).putString("general.architecture", "test");
        header.putStrings("tokenizer.ggml.tokens", List.of("a", "bc", "")).putInteger("n", MetadataType.UINT32, 7);
        for (GgmlType type : GgmlType.values()) {
            if (BlockDecoders.scalar().supports(type)) {
                header.tensor("of." + type, type, Shape.of(3, 5, 256));
            }
        }
        header.tensor("empty", GgmlType.Q4_K, Shape.of(0, 256));
        header.tensor("scalar", GgmlType.F32, Shape.of());
        return fill(header);
    }

    /// Two tensors that take several huge pages each, and one in between that does not.
    static TestModel large() {
        return fill(new GgufWriter(3)
                .tensor("first", GgmlType.Q4_K, Shape.of(9001, 256))
                .tensor("second", GgmlType.Q8_0, Shape.of(3, 96))
                .tensor("third", GgmlType.Q6_K, Shape.of(4999, 512)));
    }

    static TestModel of(GgmlType type, Shape shape) {
        return fill(new GgufWriter(3).tensor("tensor", type, shape));
    }

    public static TestModel fill(GgufWriter header) {
        byte[] bytes = new byte[(int) header.fileSize()];
        byte[] start = header.header();
        System.arraycopy(start, 0, bytes, 0, start.length);
        byte[] data = new byte[bytes.length - start.length];
        new Random(42).nextBytes(data);
        for (int i = 0; i < data.length; i++) {
            data[i] &= 0x3B; // no exponent of all ones: nothing infinite, no NaN
        }
        System.arraycopy(data, 0, bytes, start.length, data.length);
        return new TestModel(header, bytes);
    }

    public Path writeTo(Path folder) throws IOException {
        return Files.write(folder.resolve("model.gguf"), bytes);
    }

    /// The dense bytes of a tensor, decoded here in one piece by the scalar decoders.
    public byte[] dense(String name) {
        TensorInfo tensor = header.tensors().stream()
                .filter(info -> info.name().equals(name))
                .findFirst()
                .orElseThrow();
        byte[] blocks = Arrays.copyOfRange(bytes, (int) tensor.offset(), (int) (tensor.offset() + tensor.byteSize()));
        byte[] dense = new byte[(int) tensor.denseByteSize()];
        BlockDecoder decoder = BlockDecoders.scalar().of(tensor.ggmlType());
        decoder.decode(MemorySegment.ofArray(blocks), 0, MemorySegment.ofArray(dense), 0, tensor.blockCount());
        return dense;
    }

    static byte[] bytesOf(Tensor tensor) {
        return tensor.segment().toArray(ValueLayout.JAVA_BYTE);
    }
}
