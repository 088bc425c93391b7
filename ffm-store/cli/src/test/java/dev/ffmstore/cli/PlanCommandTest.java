package dev.ffmstore.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ffmstore.Model;
import dev.ffmstore.TensorForm;
import dev.ffmstore.TensorPlan;
import java.io.IOException;
import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PlanCommandTest {
    @Test
    void saysWhatALoadWouldCost() {
        CliRun run = CliRun.of("plan", "--threads", 2, CliRun.tinyModel());
        assertThat(run.status()).isZero();
        assertThat(run.err()).isEmpty();
        assertThat(run.out())
                .containsPattern("file +905,792 bytes")
                .containsPattern("tensors +21\\R")
                .containsPattern("dense +5,772,288 bytes")
                .containsPattern("largest tensor +output.weight \\[512, 256\\], 524,288 bytes")
                .containsPattern("peak +[0-9,]+ bytes .* with 2 threads")
                .containsPattern("F32 +\\| +5 \\| +5,120 \\| +5,120 ")
                .containsPattern("Q4_K +\\| +13 \\| +645,120 \\| +4,587,520 ")
                .containsPattern("Q6_K +\\| +3 \\| +241,920 \\| +1,179,648 ");
    }

    @Test
    void printsTheSameAsJson() throws IOException {
        Map<String, Object> json =
                CliRun.of("plan", "--json", "--threads", 3, CliRun.tinyModel()).json();
        assertThat(json)
                .containsEntry("file", CliRun.tinyModel().toString())
                .containsEntry("fileBytes", BigInteger.valueOf(905_792))
                .containsEntry("tensors", BigInteger.valueOf(21))
                .containsEntry("sourceBytes", BigInteger.valueOf(892_160))
                .containsEntry("denseBytes", BigInteger.valueOf(5_772_288))
                .containsEntry("threads", BigInteger.valueOf(3))
                .containsEntry("peakBytes", BigInteger.valueOf(peakBytes(3)));
        assertThat((List<?>) json.get("types")).hasSize(3);
        assertThat(json.get("largestTensor"))
                .isEqualTo(Map.of(
                        "name", "output.weight",
                        "bytes", BigInteger.valueOf(107_520),
                        "denseBytes", BigInteger.valueOf(524_288)));
    }

    @Test
    void countsWhatIsChosen() throws IOException {
        Map<String, Object> json = CliRun.of(
                        "plan",
                        "--json",
                        "--include",
                        "blk.0.*",
                        "--include",
                        "output*",
                        "--exclude",
                        "*norm*",
                        CliRun.tinyModel())
                .json();
        assertThat(json).containsEntry("tensors", BigInteger.valueOf(7 + 1));
    }

    private static long peakBytes(int threads) throws IOException {
        try (Model model = Model.open(CliRun.tinyModel())) {
            return TensorPlan.of(model, TensorForm.dense()).peakBytes(threads);
        }
    }
}
