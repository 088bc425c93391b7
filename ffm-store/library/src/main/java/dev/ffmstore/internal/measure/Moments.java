package dev.ffmstore.internal.measure;

/// Statistics of a tensor's elements, whose values are taken as 64-bit floats. The smallest, the largest, the mean
/// and the deviation are those of the finite elements.
///
/// @param finite how many elements are finite
/// @param min the smallest element; not a number if none is finite. Zero has no sign here
/// @param max the largest element, likewise
/// @param mean the mean of the elements, likewise
/// @param squares the sum of the squares of the distances from the mean; infinite if that is more than a
/// 64-bit float holds
/// @param zeros how many elements are zero, of either sign
/// @param nans how many elements are not a number
/// @param positiveInfinities how many elements are infinite and positive
/// @param negativeInfinities how many elements are infinite and negative
public record Moments(
        long finite,
        double min,
        double max,
        double mean,
        double squares,
        long zeros,
        long nans,
        long positiveInfinities,
        long negativeInfinities) {
    static final Moments NONE = new Moments(0, Double.NaN, Double.NaN, Double.NaN, 0, 0, 0, 0, 0);

    /// This many elements of any size, each divided by this number, can be added without an infinite sum.
    private static final double HEADROOM = 0x1p20;

    /// {@return the standard deviation of the finite elements, as a population and not as a sample; not a number if
    /// there are none}
    public double deviation() {
        return finite == 0 ? Double.NaN : Math.sqrt(squares / finite);
    }

    /// {@return the number of elements}
    public long elements() {
        return finite + nans + infinities();
    }

    /// {@return how many elements are infinite}
    public long infinities() {
        return positiveInfinities + negativeInfinities;
    }

    /// {@return the moments of some elements}
    ///
    /// @param values starts with the elements; those that are finite are moved to the front
    /// @param count the number of elements, less than 2²⁰
    static Moments of(double[] values, int count) {
        int finite = 0;
        long zeros = 0;
        long nans = 0;
        long positive = 0;
        long negative = 0;
        double min = Double.POSITIVE_INFINITY;
        double max = Double.NEGATIVE_INFINITY;
        double sum = 0;
        for (int i = 0; i < count; i++) {
            double x = values[i];
            if (Math.abs(x) < Double.POSITIVE_INFINITY) {
                values[finite++] = x;
                min = x < min ? x : min;
                max = x > max ? x : max;
                sum += x;
                zeros += x == 0 ? 1 : 0;
            } else if (Double.isNaN(x)) {
                nans++;
            } else if (x > 0) {
                positive++;
            } else {
                negative++;
            }
        }
        if (finite == 0) {
            return new Moments(0, Double.NaN, Double.NaN, Double.NaN, 0, 0, nans, positive, negative);
        }
        double mean = min == max ? min : mean(values, finite, sum);
        return new Moments(
                finite,
                min + 0.0, // -0.0 + 0.0 is 0.0
                max + 0.0,
                mean + 0.0,
                squares(values, finite, mean),
                zeros,
                nans,
                positive,
                negative);
    }

    private static double mean(double[] values, int count, double sum) {
        if (Math.abs(sum) < Double.POSITIVE_INFINITY) {
            return sum / count;
        }
        double scaled = 0;
        for (int i = 0; i < count; i++) {
            scaled += values[i] / HEADROOM;
        }
        return scaled / count * HEADROOM;
    }

    /// Sums squares in a second pass while the values are in the cache: distances from the mean stay precise even
    /// if the mean is far from zero. The sum of the distances would be 0 but for the rounding of the mean, and
    /// corrects for it.
    private static double squares(double[] values, int count, double mean) {
        double distances = 0;
        double squares = 0;
        for (int i = 0; i < count; i++) {
            double distance = values[i] - mean;
            distances += distance;
            squares += distance * distance;
        }
        double correction = distances * distances / count;
        return correction < squares ? squares - correction : squares;
    }

    /// {@return the moments of all elements of both, by the formula of Chan, Golub and LeVeque (1979)}
    Moments plus(Moments other) {
        if (finite == 0 || other.finite == 0) {
            Moments some = finite == 0 ? other : this;
            return together(other, some.min, some.max, some.mean, some.squares);
        }
        double share = (double) other.finite / (finite + other.finite);
        double gap = other.mean - mean;
        double merged =
                Math.abs(gap) < Double.POSITIVE_INFINITY ? mean + gap * share : mean * (1 - share) + other.mean * share;
        double between = gap == 0 ? 0 : gap * gap * (finite * share);
        return together(
                other, Math.min(min, other.min), Math.max(max, other.max), merged, squares + other.squares + between);
    }

    private Moments together(Moments other, double min, double max, double mean, double squares) {
        return new Moments(
                finite + other.finite,
                min,
                max,
                mean,
                squares,
                zeros + other.zeros,
                nans + other.nans,
                positiveInfinities + other.positiveInfinities,
                negativeInfinities + other.negativeInfinities);
    }
}
