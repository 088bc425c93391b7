package dev.ffmstore.bench.run;

import java.util.Arrays;
import java.util.Collection;

/// Computes the median of some values.
public final class Median {
    private Median() {}

    /// {@return the value in the middle, or the mean of the two in the middle}
    ///
    /// @param values at least one value, in any order
    public static double of(Collection<Double> values) {
        if (values.isEmpty()) {
            throw new IllegalArgumentException("median: expected at least one value, got none");
        }
        double[] sorted = values.stream().mapToDouble(Double::doubleValue).toArray();
        Arrays.sort(sorted);
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
