package dev.ffmstore.interop;

import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.gguf.Shape;
import dev.ffmstore.gguf.TensorInfo;
import dev.ffmstore.internal.gguf.GgufWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/// A small GGUF file with what a real one seldom has: every type that is stored as it is, a scalar, an empty
/// tensor, one whose elements are all the same, and names of the caller's. Its elements are finite and from a fixed
/// seed.
final class VariedModel {
    /// Blanks, slashes and dots, letters of other alphabets.
    static final List<String> NAMES = List.of("with space", "grün – 权重 🙂", "../up/and/away", "dots...and:colons*?");

    /// What formats have to escape, as well.
    static final List<String> NAMES_TO_ESCAPE =
            List.of("with space", "grün – 权重 🙂", "quote\" and \\backslash\\", "tab\tand\nline");

    private final GgufWriter writer = new GgufWriter(3).putString("general.architecture", "test");

    /// @param names of more tensors
    VariedModel(List<String> names) {
        for (GgmlType type : GgmlType.values()) {
            if (type.blockLength() == 1) {
                writer.tensor("plain." + type, type, Shape.of(2, 3, 5));
            }
        }
        writer.tensor("quantised.Q4_K", GgmlType.Q4_K, Shape.of(3, 512))
                .tensor("quantised.Q8_0", GgmlType.Q8_0, Shape.of(2, 5, 64))
                .tensor("scalar", GgmlType.F32, Shape.of())
                .tensor("empty", GgmlType.F32, Shape.of(0, 32))
                .tensor("same.F32", GgmlType.F32, Shape.of(70, 90))
                .tensor("same.I8", GgmlType.I8, Shape.of(100));
        for (String name : names) {
            writer.tensor(name, GgmlType.F32, Shape.of(5, 7));
        }
    }

    /// {@return how many tensors it has}
    int tensors() {
        return writer.tensors().size();
    }

    Path writeTo(Path file) throws IOException {
        byte[] bytes = new byte[(int) writer.fileSize()];
        new Random(11).nextBytes(bytes);
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] &= (byte) 0xBB; // no exponent is all ones
        }
        for (TensorInfo tensor : writer.tensors()) {
            if (tensor.name().startsWith("same.")) {
                int start = (int) tensor.offset();
                Arrays.fill(bytes, start, start + (int) tensor.byteSize(), (byte) 0x3F);
            }
        }
        System.arraycopy(writer.header(), 0, bytes, 0, (int) writer.dataOffset());
        return Files.write(file, bytes);
    }
}
