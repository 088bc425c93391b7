package dev.ffmstore.gguf;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class GgufExceptionTest {
    @Test
    void hasTheFormOfAllMessagesAboutFiles() {
        assertThat(GgufException.at("m.gguf", 9, "F32", 3, "tensor {} is of type {}", "a", 7))
                .hasMessage("m.gguf: tensor a is of type 7: offset=9, expected F32, got 3")
                .extracting(GgufException::offset)
                .isEqualTo(9L);
        assertThat(GgufException.at("m.gguf", 9, null, null, "tensor {} is odd", "{}"))
                .hasMessage("m.gguf: tensor {} is odd: offset=9");
        assertThat(GgufException.of("m.gguf", "tensor {} is odd", "a"))
                .hasMessage("m.gguf: tensor a is odd")
                .extracting(GgufException::offset)
                .isEqualTo(-1L);
    }

    @Test
    void escapesAllThatComesFromTheFile() {
        assertThat(GgufException.at("\u202e.gguf", 0, "\u2028", "\u001b[2J", "tensor {}", "a\nb"))
                .hasMessage("\\u{202e}.gguf: tensor a\\u{a}b: offset=0, expected \\u{2028}, got \\u{1b}[2J");
        assertThat(GgufException.of("\u202e.gguf", "tensor {}", "a\nb")).hasMessage("\\u{202e}.gguf: tensor a\\u{a}b");
    }
}
