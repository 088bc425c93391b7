package dev.ffmstore.ggml;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ScalarBlockDecoderTest extends BlockDecoderContract {
    @Override
    BlockDecoders decoders() {
        return BlockDecoders.scalar();
    }

    @Test
    void saysSo() {
        assertThat(decoders().kind()).isEqualTo(BlockDecoders.Kind.SCALAR);
        assertThat(decoders()).hasToString("scalar");
    }
}
