package dev.ffmstore.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MainTest {
    @ParameterizedTest
    @ValueSource(strings = {"inspect", "plan", "load", "checksum", "export", "bake", "diff", "stats", "demo"})
    void everyCommandHasHelpWithExamples(String command) {
        CliRun run = CliRun.of(command, "--help");
        assertThat(run.status()).isZero();
        assertThat(run.err()).isEmpty();
        assertThat(run.out()).startsWith("Usage: ffm-store " + command).contains("Examples:", "  ffm-store " + command);
        assertThat(CliRun.of("--help").out()).contains("\n  " + command + " ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"loda", "Load", "lo"})
    void aCommandThatThereIsNotIsWrongUsage(String command) {
        CliRun run = CliRun.of(command, "model.gguf");
        assertThat(run.status()).isEqualTo(2);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).contains(command);
    }

    @Test
    void tellsItsVersion() {
        assertThat(CliRun.of("--version").out())
                .matches("ffm-store \\S+ \\(JVM " + Runtime.version().feature() + ".*\\)\\R");
    }

    @Test
    void writesACompletionScript() {
        CliRun run = CliRun.of("generate-completion");
        assertThat(run.status()).isZero();
        assertThat(run.out())
                .contains(
                        "inspect plan load checksum",
                        " export ",
                        " demo",
                        "\"auto\" \"scalar\" \"vector\"",
                        "--exclude");
    }
}
