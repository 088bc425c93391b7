package dev.ffmstore.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What becomes of a command that cannot print: its reader has left, or the disk is full.
@EnabledOnOs(OS.LINUX)
class StandardOutputTest {
    @TempDir
    Path folder;

    /// Its header takes more than a pipe holds.
    private Path manyKeys;

    @BeforeEach
    void writeModel() throws IOException {
        manyKeys = folder.resolve("keys.gguf");
        ManyKeys.write(manyKeys, 5000);
    }

    @Test
    void aReaderThatHasSeenEnoughEndsTheCommandQuietly() throws Exception {
        CliRun run = CliRun.inShell(folder, "\"$@\" | { read first; echo \"$first\"; }", "inspect", manyKeys);
        assertThat(run.errorLines()).isEmpty();
        assertThat(run.out()).startsWith(manyKeys + ": GGUF version");
        assertThat(run.status()).isZero();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "inspect MODEL",
                "plan --json MODEL",
                "load MODEL",
                "checksum MODEL",
                "checksum --json MODEL",
                "stats MODEL",
                "diff MODEL MODEL",
                "export MODEL --format irpa -o -",
                "export MODEL -o OUT",
                "export --help",
                "generate-completion"
            })
    void aReaderThatHasLeftIsNoFailure(String line) throws Exception {
        CliRun run = withoutReader(line);
        assertThat(run.errorLines()).isEmpty();
        assertThat(run.status()).isZero();
    }

    @Test
    void aFailureIsOneWhoeverReads() throws Exception {
        CliRun run = withoutReader("inspect none.gguf");
        assertThat(run.errorLines()).containsExactly("ffm-store: none.gguf: no such file");
        assertThat(run.status()).isEqualTo(1);
    }

    @Test
    void aDifferenceIsOneWhoeverReads() throws Exception {
        CliRun run = withoutReader("diff MODEL " + manyKeys);
        assertThat(run.errorLines()).isEmpty();
        assertThat(run.status()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "inspect MODEL",
                "plan --json MODEL",
                "checksum MODEL",
                "diff MODEL MODEL",
                "export MODEL --format irpa -o -",
                "export --help"
            })
    void aFullDiskIsAFailure(String line) throws Exception {
        CliRun run = CliRun.inShell(folder, "\"$@\" > /dev/full", words(line));
        assertThat(run.errorLines())
                .containsExactly("ffm-store: standard output: cannot be written: No space left on device");
        assertThat(run.status()).isEqualTo(1);
    }

    /// Runs a command whose reader has left before it prints.
    ///
    /// The status is that of the command, not of the pipe's other end; the command starts when that end is closed.
    private CliRun withoutReader(String line) throws Exception {
        String script = "mkfifo left; { read go; \"$@\"; echo $? > status; } < left | { exec <&-; echo > left; };"
                + " wait; exit $(cat status)";
        return CliRun.inShell(folder, script, words(line));
    }

    private Object[] words(String line) {
        Map<String, Object> files = Map.of("MODEL", CliRun.tinyModel(), "OUT", folder.resolve("out.irpa"));
        return List.of(line.split(" ")).stream()
                .map(word -> files.getOrDefault(word, word))
                .toArray();
    }
}
