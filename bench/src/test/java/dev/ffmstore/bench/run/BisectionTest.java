package dev.ffmstore.bench.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BisectionTest {
    @ParameterizedTest
    @ValueSource(ints = {2, 3, 17, 33, 63, 64})
    void findsTheSmallestThatPassesAndTriesNoneTwice(int smallest) throws Exception {
        Set<Integer> tried = new HashSet<>();

        assertThat(Bisection.smallest(2, 64, number -> {
                    assertThat(tried.add(number)).isTrue();
                    return number >= smallest;
                }))
                .hasValue(smallest);
        assertThat(tried).hasSizeLessThanOrEqualTo(7).allMatch(number -> number >= 2 && number <= 64);
    }

    @Test
    void findsNothingIfTheLargestFails() throws Exception {
        assertThat(Bisection.smallest(2, 64, number -> false)).isEmpty();
    }
}
