package dev.ffmstore.internal.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class ProblemTest {
    @Test
    void hasOneForm() {
        Problem problem = Problem.of("m.gguf", "tensor {} is of type {}", "a", 7);
        assertThat(problem).hasToString("m.gguf: tensor a is of type 7");
        assertThat(problem.at(9)).hasToString("m.gguf: tensor a is of type 7: offset=9");
        assertThat(problem.expected("F32").got(3)).hasToString("m.gguf: tensor a is of type 7: expected F32, got 3");
        assertThat(problem.at(9).expected(null).got("x")).hasToString("m.gguf: tensor a is of type 7: offset=9, got x");
    }

    @Test
    void escapesAllThatComesFromOutside() {
        assertThat(Problem.of("\u202e.gguf", "tensor {}", "a\nb")
                        .expected("\u0000")
                        .got("\u2028"))
                .hasToString("\\u{202e}.gguf: tensor a\\u{a}b: expected \\u{0}, got \\u{2028}");
    }

    @Test
    void cutsValuesButNotTheFile() {
        String file = "f".repeat(500);
        assertThat(Problem.of(file, "tensor {}", "t".repeat(500)))
                .hasToString(file + ": tensor " + "t".repeat(200) + "…");
    }

    @Test
    void putsNoValueIntoAValue() {
        assertThat(Problem.fill("{} and {}", "{}", "b")).isEqualTo("{} and b");
    }

    @Test
    void takesWhatIsFitToPrintAsItIs() {
        String sentence = Problem.fill("tensor {}", "a\n") + " {} " + "t".repeat(500);
        assertThat(Problem.of("f", "{}", Problem.printable(sentence))).hasToString("f: " + sentence);
    }

    @Test
    void wantsAsManyValuesAsPlaces() {
        assertThatThrownBy(() -> Problem.fill("{}")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Problem.fill("", 1)).isInstanceOf(IllegalArgumentException.class);
    }
}
