package dev.ffmstore.bench.run;

import java.util.OptionalInt;

/// Finds the smallest number that passes, if every larger one passes too.
public final class Bisection {
    private Bisection() {}

    /// Tries a number.
    @FunctionalInterface
    public interface Trial {
        boolean passes(int number) throws Exception;
    }

    /// {@return the smallest number that passes, or empty if the largest does not}
    ///
    /// @param smallest the smallest number that is tried
    /// @param largest the largest number that is tried, and the first
    public static OptionalInt smallest(int smallest, int largest, Trial trial) throws Exception {
        if (!trial.passes(largest)) {
            return OptionalInt.empty();
        }
        int low = smallest;
        int passed = largest;
        while (low < passed) {
            int middle = (low + passed) >>> 1;
            if (trial.passes(middle)) {
                passed = middle;
            } else {
                low = middle + 1;
            }
        }
        return OptionalInt.of(passed);
    }
}
