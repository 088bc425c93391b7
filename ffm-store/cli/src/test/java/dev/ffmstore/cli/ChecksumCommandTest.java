package dev.ffmstore.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ffmstore.TestModel;
import dev.ffmstore.gguf.TensorInfo;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChecksumCommandTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"scalar", "vector", "AUTO"})
    void givesTheSumsOfGgmlsOwnOutput(String decoder) throws Exception {
        CliRun run = CliRun.of("checksum", "--decoder", decoder, CliRun.tinyModel());
        assertThat(run.err()).isEmpty();
        assertThat(run.status()).isZero();
        assertThat(run.out()).isEqualTo(CliRun.tinyChecksums());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void digestsEveryTypeEmptyTensorsAndScalars(int threads) throws Exception {
        TestModel model = TestModel.ofEveryType();
        StringBuilder expected = new StringBuilder();
        for (TensorInfo tensor : model.header().tensors()) {
            byte[] sum = MessageDigest.getInstance("SHA-256").digest(model.dense(tensor.name()));
            expected.append(HexFormat.of().formatHex(sum))
                    .append("  ")
                    .append(tensor.name())
                    .append(System.lineSeparator());
        }
        CliRun run = CliRun.of("checksum", "--threads", threads, model.writeTo(folder));
        assertThat(run.out()).isEqualTo(expected.toString());
        assertThat(run.status()).isZero();
    }

    @Test
    void printsTheSameAsJson() throws Exception {
        Map<String, Object> json = CliRun.of("checksum", "--json", "--include", "output_norm.*", CliRun.tinyModel())
                .json();
        assertThat(json)
                .isEqualTo(Map.of(
                        "file",
                        CliRun.tinyModel().toString(),
                        "tensors",
                        List.of(Map.of(
                                "name",
                                "output_norm.weight",
                                "sha256",
                                "40fb9c327a60c0d6296688b4e0cf260f0e708bac9c8eaca4d56aadbdf7b46b3b"))));
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void takesLittleMemoryWhateverTheTensor() throws Exception {
        Path large = folder.resolve("large.gguf");
        SparseModel.write(large, 512 << 20);
        CliRun run = CliRun.inFreshJvm(PeakProbe.class, CliRun.launcherFlags(), "checksum", large);
        assertThat(run.status()).isZero();
        assertThat(run.out())
                .isEqualTo("9acca8e8c22201155389f65abbf6bc9723edc7384ead80503839f49dcc56d767  zeros"
                        + System.lineSeparator());
        assertThat(Long.parseLong(run.errorLines().getLast())).isBetween(1L << 20, 128L << 20);
    }
}
