package dev.ffmstore;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ffmstore.ggml.BlockDecoders;
import org.junit.jupiter.api.Test;

class DecoderChoiceTest {
    @Test
    void autoIsScalarUntilVectorKernelsPay() {
        assertThat(DecoderChoice.auto(DecoderChoice.VECTOR_PAYS_BYTES - 1).kind())
                .isEqualTo(BlockDecoders.Kind.SCALAR);
        assertThat(DecoderChoice.auto(DecoderChoice.VECTOR_PAYS_BYTES).kind()).isEqualTo(BlockDecoders.Kind.VECTOR);
    }

    @Test
    void autoCountsWhatTheProcessDecodes() {
        DecoderChoice.AUTO.decoders(DecoderChoice.VECTOR_PAYS_BYTES);
        assertThat(DecoderChoice.AUTO.decoders(1).kind()).isEqualTo(BlockDecoders.Kind.VECTOR);
        DecoderChoice.AUTO.decoders(Long.MAX_VALUE);
        assertThat(DecoderChoice.AUTO.decoders(Long.MAX_VALUE).kind()).isEqualTo(BlockDecoders.Kind.VECTOR);
    }

    @Test
    void aForcedChoiceIsKept() {
        assertThat(DecoderChoice.SCALAR.decoders(Long.MAX_VALUE).kind()).isEqualTo(BlockDecoders.Kind.SCALAR);
        assertThat(DecoderChoice.VECTOR.decoders(0).kind()).isEqualTo(BlockDecoders.Kind.VECTOR);
    }
}
