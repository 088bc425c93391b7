package dev.ffmstore.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DenseFormTest {
    private static final long DENSE = 5_772_288;
    private static final long NORMS = 5 * 256 * 4;

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource({"plan", "load"})
    void typesOfAllOrOfSome(String command) throws IOException {
        Map<String, Object> json = CliRun.of(
                        command, "--json", "--dtype", "bf16", "--dtype", "*norm*=F32", CliRun.tinyModel())
                .json();
        assertThat(json)
                .containsEntry("denseBytes", BigInteger.valueOf((DENSE - NORMS) / 2 + NORMS))
                .containsEntry("names", "gguf");
    }

    @Test
    void planShowsWhatBecomesOfTheTypes() {
        CliRun run = CliRun.of("plan", "--dtype", "F16", "--dtype", "output.weight=F32", CliRun.tinyModel());
        assertThat(run.out())
                .containsPattern("F32 +\\| +5 \\| +5,120 \\| +2,560 \\| F16")
                .containsPattern("Q6_K +\\| +1 \\| +107,520 \\| +524,288 \\| F32")
                .containsPattern("Q6_K +\\| +2 \\| +134,400 \\| +327,680 \\| F16");
    }

    @ParameterizedTest
    @CsvSource({"plan", "load"})
    void namesOfHuggingFaceOrOnesOwn(String command) throws IOException {
        assertThat(CliRun.of(command, "--json", "--names", "hf", CliRun.tinyModel())
                        .json())
                .containsEntry("names", "hf")
                .containsEntry("denseBytes", BigInteger.valueOf(DENSE));
        Path table = Files.write(folder.resolve("names.txt"), List.of("output.weight = head"));
        CliRun own = CliRun.of(command, "--names", table, CliRun.tinyModel());
        assertThat(own.err()).isEmpty();
        assertThat(own.out()).containsPattern("names +names.txt");
        if (command.equals("plan")) {
            assertThat(own.out()).containsPattern("largest tensor +head ");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--dtype | I8 | --dtype: expected F32, F16, BF16 or stored, got I8",
                "--dtype | half | --dtype: expected F32, F16, BF16 or stored, got half",
                "--dtype | x*=F16 | --dtype: no tensor matches the pattern x*",
                "--dtype | [=F16 | --dtype: malformed pattern [: [ without ]",
                "--names | HF | --names: expected gguf, hf or a file, got HF"
            })
    void refusesWhatItDoesNotKnow(String option, String value, String problem) {
        CliRun run = CliRun.of("plan", option, value, CliRun.tinyModel());
        assertThat(run.status()).isEqualTo(2);
        assertThat(run.errorLines()).startsWith("ffm-store: " + problem);
    }

    @Test
    void refusesAMalformedTable() throws IOException {
        Path table = Files.write(folder.resolve("names.txt"), List.of("a = b", "c"));
        CliRun run = CliRun.of("plan", "--names", table, CliRun.tinyModel());
        assertThat(run.status()).isEqualTo(2);
        assertThat(run.errorLines()).startsWith("ffm-store: --names: " + table + ":2: expected STORED = NEW: c");
    }

    @Test
    void failsWhereAConventionDoesNotKnowTheModel() throws IOException {
        Path model = folder.resolve("sparse.gguf");
        SparseModel.write(model, 1 << 20);
        CliRun run = CliRun.of("plan", "--names", "hf", model);
        assertThat(run.status()).isEqualTo(1);
        assertThat(run.errorLines()).hasSize(1);
        assertThat(run.err()).startsWith("ffm-store: " + model + ": ").contains(" of hf ");
    }
}
