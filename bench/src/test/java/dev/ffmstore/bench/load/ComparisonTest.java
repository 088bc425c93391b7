package dev.ffmstore.bench.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.ffmstore.bench.load.Comparison.Timing;
import dev.ffmstore.bench.run.Median;
import java.util.List;
import org.junit.jupiter.api.Test;

class ComparisonTest {
    private static final long SIZE = 1_000_000_000;

    @Test
    void medianIsTheMiddleOrTheMeanOfTheTwoInTheMiddle() {
        assertThat(Median.of(List.of(7.0))).isEqualTo(7);
        assertThat(Median.of(List.of(9.0, 1.0, 5.0))).isEqualTo(5);
        assertThat(Median.of(List.of(4.0, 1.0, 100.0, 2.0))).isEqualTo(3);
        assertThatIllegalArgumentException().isThrownBy(() -> Median.of(List.of()));
    }

    @Test
    void shareIsTheLoadsSpeedOverTheFastestFillOfItsRound() {
        Comparison comparison = new Comparison(List.of(
                pass(0, "load", 2),
                pass(0, "fill", 1),
                pass(0, "touch", 1.5),
                pass(1, "load", 4),
                pass(1, "fill", 3),
                pass(1, "touch", 2)));

        assertThat(comparison.shares("load", List.of("fill", "touch"))).containsExactly(0.5, 0.5);
        assertThat(comparison.medianSeconds("fill")).hasValue(2);
        assertThat(comparison.of("load").getFirst().gigabytesPerSecond()).isCloseTo(0.5, within(1e-9));
    }

    @Test
    void shareTakesTheLoadsPaddingIntoAccount() {
        Comparison comparison =
                new Comparison(List.of(new Timing(0, "load", 1, SIZE / 2, SIZE), new Timing(0, "fill", 1, SIZE, SIZE)));

        assertThat(comparison.shares("load", List.of("fill"))).containsExactly(0.5);
    }

    @Test
    void passWithoutItsHugePagesDoesNotCount() {
        Comparison comparison = new Comparison(List.of(
                pass(0, "load", 2),
                new Timing(0, "fill", 1, SIZE, SIZE * 98 / 100),
                pass(0, "touch", 1),
                new Timing(1, "load", 9, SIZE, 0),
                pass(1, "fill", 3),
                pass(1, "touch", 1),
                pass(2, "load", 4),
                pass(2, "fill", 5),
                pass(2, "touch", 1)));

        assertThat(comparison.shares("load", List.of("fill", "touch"))).containsExactly(0.25);
        assertThat(comparison.medianSeconds("load")).hasValue(3);
        assertThat(comparison.medianSeconds("fill")).hasValue(4);
        assertThat(new Comparison(List.of(new Timing(0, "load", 1, SIZE, 0))).medianSeconds("load"))
                .isEmpty();
    }

    private static Timing pass(int round, String name, double seconds) {
        return new Timing(round, name, seconds, SIZE, SIZE);
    }
}
