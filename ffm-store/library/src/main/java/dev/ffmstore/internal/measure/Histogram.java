package dev.ffmstore.internal.measure;

import java.util.List;

/// How the finite elements of a tensor are spread between the smallest and the largest of them, in bins of equal
/// width. Each bin includes its lower bound, and the last its upper bound too. If all elements are the same, the
/// first bin has all of them.
///
/// @param min the lower bound of the first bin
/// @param max the upper bound of the last bin
/// @param counts how many elements are in each bin
public record Histogram(double min, double max, List<Long> counts) {
    /// The number of bins.
    public static final int BINS = 64;

    /// Copies the list.
    public Histogram {
        counts = List.copyOf(counts);
    }

    /// {@return the index of the bin that a value belongs to}
    ///
    /// @param value a value between both bounds
    static int bin(double value, double min, double max) {
        double width = max - min;
        double place = width < Double.POSITIVE_INFINITY
                ? (value - min) / width
                : (value / 2 - min / 2) / (max / 2 - min / 2); // bounds so far apart that their distance is infinite
        return width > 0 ? Math.min(BINS - 1, (int) (place * BINS)) : 0;
    }
}
