package dev.ffmstore.internal.measure;

/// Counts how pairs of elements differ, run by run. Not shared between threads.
final class PairCounter {
    private final double atol;
    private final double rtol;

    private long first;
    private long elements;
    private long bitsDiffering;
    private long beyond;
    private long nanMismatches;
    private double maxAbs;
    private double maxRel;
    private long worstAt = -1;
    private double dot;
    private double squaresA;
    private double squaresB;

    /// @param tolerance decides which pairs are too far apart
    /// @param first the index of the first pair in its tensor
    PairCounter(Tolerance tolerance, long first) {
        switch (tolerance) {
            case Tolerance.Exact _ -> {
                this.atol = 0;
                this.rtol = 0;
            }
            case Tolerance.Within within -> {
                this.atol = within.atol();
                this.rtol = within.rtol();
            }
        }
        this.first = first;
    }

    /// Counts pairs of floats. Apart from NaN, two widened floats have the same bits if and only if they had them
    /// before.
    void add(double[] a, double[] b, int count) {
        for (int i = 0; i < count; i++) {
            double x = a[i];
            double y = b[i];
            double gap = Math.abs(x - y);
            if (gap < Double.POSITIVE_INFINITY) {
                dot += x * y;
                squaresA += x * x;
                squaresB += y * y;
                if (Double.doubleToRawLongBits(x) != Double.doubleToRawLongBits(y)) {
                    bitsDiffering++;
                    addGap(gap, Math.max(Math.abs(x), Math.abs(y)), i);
                }
            } else {
                addOdd(x, y, i);
            }
        }
        advance(count);
    }

    /// How the 64 bits of an integer are taken.
    enum Sign {
        SIGNED,
        UNSIGNED;

        double value(long bits) {
            return this == UNSIGNED ? Elements.unsigned(bits) : bits;
        }
    }

    /// Counts pairs of integers, not all of which 64-bit floats can hold.
    void add(long[] a, Sign ofA, long[] b, Sign ofB, int count) {
        for (int i = 0; i < count; i++) {
            double x = ofA.value(a[i]);
            double y = ofB.value(b[i]);
            dot += x * y;
            squaresA += x * x;
            squaresB += y * y;
            boolean areOfOtherSigns = ofA != ofB && (a[i] | b[i]) < 0; // same bits may be other numbers then
            if (a[i] != b[i] || areOfOtherSigns && a[i] < 0) {
                bitsDiffering++;
                double gap = areOfOtherSigns ? Math.abs(x - y) : gap(a[i], b[i], ofA);
                addGap(gap, Math.max(Math.abs(x), Math.abs(y)), i);
            }
        }
        advance(count);
    }

    private static double gap(long a, long b, Sign sign) {
        if (sign == Sign.UNSIGNED) {
            return Elements.unsigned(Long.compareUnsigned(a, b) < 0 ? b - a : a - b);
        }
        long gap = a - b;
        boolean overflows = ((a ^ b) & (a ^ gap)) < 0;
        return overflows ? Math.abs((double) a - b) : Math.abs((double) gap);
    }

    /// Counts pairs of elements that stand for no number: those that are not the same are too far apart, whatever
    /// the tolerance, by no amount.
    void addBits(long[] a, long[] b, int count) {
        for (int i = 0; i < count; i++) {
            if (a[i] != b[i]) {
                bitsDiffering++;
                beyond++;
            }
        }
        advance(count);
    }

    private void addGap(double gap, double magnitude, int index) {
        if (gap == 0) { // zeros of both signs
            return;
        }
        maxRel = Math.max(maxRel, gap / magnitude);
        if (gap > maxAbs) {
            maxAbs = gap;
            worstAt = first + index;
        }
        if (gap > atol + rtol * magnitude) {
            beyond++;
        }
    }

    /// Counts a pair that is not finite, or whose difference is not.
    private void addOdd(double x, double y, int index) {
        if (x == y || (Double.isNaN(x) && Double.isNaN(y))) {
            return;
        }
        bitsDiffering++;
        beyond++;
        if (Double.isNaN(x) || Double.isNaN(y)) {
            nanMismatches++;
            return;
        }
        maxRel = Double.POSITIVE_INFINITY;
        if (maxAbs < Double.POSITIVE_INFINITY) {
            maxAbs = Double.POSITIVE_INFINITY;
            worstAt = first + index;
        }
    }

    private void advance(int count) {
        first += count;
        elements += count;
    }

    Difference result() {
        return new Difference(
                elements, bitsDiffering, beyond, nanMismatches, maxAbs, maxRel, worstAt, dot, squaresA, squaresB);
    }
}
