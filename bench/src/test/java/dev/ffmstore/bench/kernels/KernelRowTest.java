package dev.ffmstore.bench.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ffmstore.bench.kernels.KernelRow.Residence;
import dev.ffmstore.bench.kernels.KernelRow.Verdict;
import dev.ffmstore.ggml.GgmlType;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KernelRowTest {
    private static KernelRow row(Map<String, List<Double>> decoders) {
        Map<String, List<Double>> rounds = new HashMap<>(decoders);
        rounds.put("MemorySegment.fill", List.of(20.0, 100.0, 20.0));
        rounds.put("memset", List.of(100.0, 20.0, 50.0));
        rounds.put("vector store", List.of(20.0, 20.0, 20.0));
        return new KernelRow(GgmlType.Q4_K, Residence.CACHED, rounds, Map.of());
    }

    @ParameterizedTest
    @CsvSource({
        "40, 30, 40, AHEAD",
        "40, 30, 50, AHEAD_OF_SHIPPED",
        "40, 50, 30, BEHIND",
        "40, 50, 50, BEHIND",
        "91, 95, 99, AT_THE_CEILING",
        "99, 98, 97, AHEAD"
    })
    void verdictComparesWithBothBuildsAndTheCeiling(double vector, double shipped, double compiled, Verdict verdict) {
        KernelRow row = row(Map.of(
                "vector", List.of(vector, vector, vector),
                "ggml-shipped", List.of(shipped, shipped, shipped),
                "ggml-native", List.of(compiled, compiled, compiled)));

        assertThat(row.verdict()).isEqualTo(verdict);
    }

    @Test
    void ratiosAreThoseOfARound() {
        KernelRow row = row(Map.of("vector", List.of(10.0, 20.0, 30.0), "ggml-shipped", List.of(5.0, 40.0, 10.0)));

        assertThat(row.median("vector")).hasValue(20);
        assertThat(row.median("ceiling")).hasValue(100);
        assertThat(row.vectorOver("ggml-shipped")).hasValue(2); // of 2, 0.5 and 3
        assertThat(row.vectorOver("ceiling")).hasValue(0.2); // of 0.1, 0.2 and 0.6
    }

    @Test
    void whatWasNotRunIsNotCompared() {
        KernelRow row = row(Map.of("vector", List.of(1.0, 1.0, 1.0), "ggml-shipped", List.of(2.0, 2.0, 2.0)));

        assertThat(row.median("ggml-native")).isEmpty();
        assertThat(row.vectorOver("ggml-native")).isEmpty();
        assertThat(row.verdict()).isEqualTo(Verdict.NOT_COMPARED);
    }
}
