package dev.ffmstore.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

class LoadCommandTest {
    private static final long MIB = 1 << 20;

    @Test
    void reports() {
        CliRun run = CliRun.of("load", "--threads", 2, "--decoder", "scalar", CliRun.tinyModel());
        assertThat(run.status()).isZero();
        assertThat(run.err()).isEmpty();
        assertThat(run.out())
                .containsPattern("tensors +21\\R")
                .containsPattern("dense +5,772,288 bytes")
                .containsPattern("throughput +[0-9.]+ GB/s dense, 2 threads")
                .containsPattern("decoder +scalar\\R")
                .containsPattern("heap peak +[0-9,]+ bytes")
                .containsPattern("machine +\\S")
                .containsPattern("collector +\\S")
                .containsPattern("flags +.*--add-modules");
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void keepsToItsMemoryUnderTheLaunchersFlags() throws Exception {
        CliRun run =
                CliRun.inFreshJvm(CliRun.launcherFlags(), "load", "--json", "--decoder", "vector", CliRun.tinyModel());
        assertThat(run.errorLines()).isEmpty();
        assertThat(run.status()).isZero();
        Map<String, Object> json = run.json();
        assertThat(json)
                .containsEntry("file", CliRun.tinyModel().toString())
                .containsEntry("tensors", BigInteger.valueOf(21))
                .containsEntry("denseBytes", BigInteger.valueOf(5_772_288))
                .containsEntry("fileBytes", BigInteger.valueOf(905_792))
                .containsEntry("collector", "Copy, MarkSweepCompact")
                .containsKeys("seconds", "gigabytesPerSecond", "threads", "hugePageBytes", "jvm");
        assertThat((String) json.get("decoder")).startsWith("vector (");
        assertThat((List<Object>) list(json.get("flags"))).contains("-Xmx32m", "--add-modules=jdk.incubator.vector");
        assertThat((Map<?, ?>) json.get("machine")).hasSize(4);
        assertThat(((Map<?, ?>) json.get("machine")).keySet()).hasToString("[os, processor, processors, memoryBytes]");
        assertThat(((Number) json.get("heapPeakBytes")).longValue()).isBetween(MIB, 24 * MIB);
        assertThat(((Number) json.get("rssPeakBytes")).longValue()).isBetween(5_772_288L, 5_772_288 + 112 * MIB);
    }

    @Test
    void refusesWhatDoesNotFitUnlessTold() throws Exception {
        // A file may claim no more than it has: a sparse one of a terabyte is as long as it says.
        Path huge = Files.createTempFile("ffm-store", ".gguf");
        try {
            SparseModel.write(huge, 1L << 40);
            CliRun run = CliRun.of("load", huge);
            assertThat(run.status()).isEqualTo(1);
            assertThat(run.errorLines()).hasSize(1);
            assertThat(run.err())
                    .startsWith("ffm-store: " + huge + ": not enough memory: the load takes ")
                    .containsPattern("available are [0-9]+ \\(");
        } finally {
            Files.delete(huge);
        }
    }

    @Test
    void loadsOnlyWhatIsChosen() throws Exception {
        assertThat(CliRun.of("load", "--json", "--include", "{output,token_embd}.weight", CliRun.tinyModel())
                        .json())
                .containsEntry("tensors", BigInteger.TWO);
        assertThat(CliRun.of("load", "--json", "--exclude", "*", CliRun.tinyModel())
                        .json())
                .containsEntry("tensors", BigInteger.ZERO)
                .containsEntry("denseBytes", BigInteger.ZERO);
    }

    @SuppressWarnings("unchecked")
    private static List<Object> list(Object value) {
        return (List<Object>) value;
    }
}
