package dev.ffmstore.internal.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.gguf.MetadataType;
import dev.ffmstore.gguf.Shape;
import dev.ffmstore.gguf.TensorInfo;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/// What the reader's own tests cannot see; that written files are read back equal is shown there.
class GgufWriterTest {
    @Test
    void writesTheBytesOfAKnownFile() throws IOException {
        GgufWriter writer = new GgufWriter(3).tensor("a", GgmlType.F32, Shape.of(2, 4));
        byte[] known;
        try (InputStream stream = GgufWriterTest.class.getResourceAsStream("/malformed/00_valid_f32_2x4.gguf")) {
            known = stream.readAllBytes();
        }
        assertThat(writer.header()).isEqualTo(Arrays.copyOf(known, (int) writer.dataOffset()));
        assertThat(writer.fileSize()).isEqualTo(known.length);
    }

    @Test
    void placesTensorsOneAfterTheOther() {
        GgufWriter writer = new GgufWriter(2)
                .alignment(64)
                .tensor("a", GgmlType.Q4_K, Shape.of(3, 256))
                .tensor("b", GgmlType.F32, Shape.of())
                .tensor("c", GgmlType.Q6_K, Shape.of(1L << 20, 1L << 20));
        long start = writer.dataOffset();
        assertThat(start % 64).isZero();
        long bytes = (1L << 32) * 210;
        assertThat(writer.tensors())
                .containsExactly(
                        new TensorInfo("a", GgmlType.Q4_K, Shape.of(3, 256), start, 432),
                        new TensorInfo("b", GgmlType.F32, Shape.of(), start + 448, 4),
                        new TensorInfo("c", GgmlType.Q6_K, Shape.of(1L << 20, 1L << 20), start + 512, bytes));
        assertThat(writer.fileSize()).isEqualTo(start + 512 + bytes);
        assertThat(writer.header()).hasSize((int) start);
    }

    @Test
    void refusesWhatNoFileMayHold() {
        GgufWriter writer = new GgufWriter(3).putBool("k", true).tensor("t", GgmlType.F32, Shape.of(1));
        assertThatIllegalArgumentException().isThrownBy(() -> writer.putString("k", "again"));
        assertThatIllegalArgumentException().isThrownBy(() -> writer.tensor("t", GgmlType.F32, Shape.of(1)));
        assertThatIllegalArgumentException().isThrownBy(() -> writer.tensor("q", GgmlType.Q4_0, Shape.of(2, 16)));
        assertThatIllegalArgumentException().isThrownBy(() -> writer.putInteger("i", MetadataType.FLOAT32, 1));
        assertThatIllegalArgumentException().isThrownBy(() -> writer.putIntegers("i", MetadataType.BOOL, 1));
        assertThatIllegalArgumentException().isThrownBy(() -> writer.putReal("r", MetadataType.UINT8, 1));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> writer.putInteger("general.alignment", MetadataType.UINT32, 32));
        assertThatIllegalArgumentException().isThrownBy(() -> new GgufWriter(3).alignment(48));
        assertThatIllegalStateException().isThrownBy(() -> writer.alignment(64));
    }
}
