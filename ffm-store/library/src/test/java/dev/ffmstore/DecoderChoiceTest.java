package dev.ffmstore;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ffmstore.ggml.BlockDecoders;
import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.gguf.ByteSource;
import dev.ffmstore.gguf.GgufFile;
import dev.ffmstore.gguf.GgufOptions;
import dev.ffmstore.gguf.Shape;
import dev.ffmstore.internal.gguf.GgufWriter;
import java.io.IOException;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.Test;

class DecoderChoiceTest {
    @Test
    void autoIsScalarUntilVectorKernelsPay() {
        assertThat(DecoderChoice.auto(DecoderChoice.VECTOR_PAYS_BYTES - 1).kind())
                .isEqualTo(BlockDecoders.Kind.SCALAR);
        assertThat(DecoderChoice.auto(DecoderChoice.VECTOR_PAYS_BYTES).kind()).isEqualTo(BlockDecoders.Kind.VECTOR);
    }

    @Test
    void autoAddsWhatIsPlannedAndNeverOverflows() {
        assertThat(DecoderChoice.AUTO.decoders(DecoderChoice.VECTOR_PAYS_BYTES).kind())
                .isEqualTo(BlockDecoders.Kind.VECTOR);
        assertThat(DecoderChoice.AUTO.decoders(Long.MAX_VALUE).kind()).isEqualTo(BlockDecoders.Kind.VECTOR);
        assertThat(DecoderChoice.AUTO.decoders(1).kind()).isEqualTo(BlockDecoders.Kind.SCALAR);
    }

    @Test
    void autoCountsWhatIsDecodedAndNotWhatIsPlanned() throws IOException {
        TestModel bytes = TestModel.fill(new GgufWriter(3)
                .tensor("blocks", GgmlType.Q4_K, Shape.of(16, 512))
                .tensor("floats", GgmlType.F32, Shape.of(1000)));
        try (Model model = Model.of(GgufFile.open(new ByteSource(bytes.bytes()), GgufOptions.defaults()));
                Arena arena = Arena.ofConfined()) {
            long before = DecoderChoice.decodedBytes();
            TensorSource source = TensorSource.of(model, TensorForm.dense());
            DecoderChoice.AUTO.decoders(DecoderChoice.VECTOR_PAYS_BYTES);
            try (TensorReader reader = source.reader()) {
                assertThat(DecoderChoice.decodedBytes()).isEqualTo(before);
                reader.read(source.tensor("blocks"), 0, arena.allocate(16 * 512 * Float.BYTES));
                assertThat(DecoderChoice.decodedBytes()).isEqualTo(before + 16 * 512 * Float.BYTES);
                reader.read(source.tensor("blocks"), 512 * Float.BYTES, arena.allocate(512 * Float.BYTES));
                assertThat(DecoderChoice.decodedBytes()).isEqualTo(before + 17 * 512 * Float.BYTES);
                reader.read(source.tensor("floats"), 0, arena.allocate(4000)); // copied
                assertThat(DecoderChoice.decodedBytes()).isEqualTo(before + 17 * 512 * Float.BYTES);
            }
            TensorStore.load(model).close();
            assertThat(DecoderChoice.decodedBytes()).isEqualTo(before + 33 * 512 * Float.BYTES);
        }
    }

    @Test
    void aForcedChoiceIsKept() {
        assertThat(DecoderChoice.SCALAR.decoders(Long.MAX_VALUE).kind()).isEqualTo(BlockDecoders.Kind.SCALAR);
        assertThat(DecoderChoice.VECTOR.decoders(0).kind()).isEqualTo(BlockDecoders.Kind.VECTOR);
    }
}
