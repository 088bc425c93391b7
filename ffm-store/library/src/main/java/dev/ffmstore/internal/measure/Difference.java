package dev.ffmstore.internal.measure;

import java.util.OptionalDouble;
import java.util.OptionalLong;

/// How two tensors of one shape differ, element by element. Numbers that are not finite are never part of a sum.
///
/// @param elements the number of pairs of elements
/// @param bitsDiffering how many pairs differ in their bits, once both are widened to a common type: F32 for F32,
/// F16, BF16 and 8-bit floats; integers of any size for integers; F64 for everything else. Any NaN is the same as
/// any other. Elements that stand for no number (C64, F4, F6_E2M3, F6_E3M2) differ in their bits alone
/// @param beyond how many pairs are further apart than the tolerance
/// @param nanMismatches how many pairs have a NaN on one side only
/// @param maxAbs the largest |a − b|, without pairs with a NaN; infinite if one side of a pair is and the
/// other does not equal it
/// @param maxRel the largest |a − b| ÷ max(|a|, |b|), at most 2, without pairs with a NaN; infinite where
/// `maxAbs` would be
/// @param worstAt the first element whose |a − b| is `maxAbs`, counted row after row; −1 if that is 0
/// @param dot the sum of a · b
/// @param squaresA the sum of a²
/// @param squaresB the sum of b²
public record Difference(
        long elements,
        long bitsDiffering,
        long beyond,
        long nanMismatches,
        double maxAbs,
        double maxRel,
        long worstAt,
        double dot,
        double squaresA,
        double squaresB) {
    static final Difference NONE = new Difference(0, 0, 0, 0, 0, 0, -1, 0, 0, 0);

    /// {@return the cosine of the angle between both tensors, over those pairs that are finite; empty if one side
    /// is all zeros, or if its squares are beyond the range of a 64-bit float}
    public OptionalDouble cosine() {
        if (!isUsable(squaresA) || !isUsable(squaresB) || !(Math.abs(dot) < Double.POSITIVE_INFINITY)) {
            return OptionalDouble.empty();
        }
        double cosine = squaresA == squaresB
                ? dot / squaresA // without the rounding of roots: exactly 1 for equal tensors
                : dot / Math.sqrt(squaresA) / Math.sqrt(squaresB);
        return OptionalDouble.of(Math.clamp(cosine, -1.0, 1.0));
    }

    /// {@return the first element whose |a − b| is the largest, if that is not 0}
    public OptionalLong worst() {
        return worstAt < 0 ? OptionalLong.empty() : OptionalLong.of(worstAt);
    }

    private static boolean isUsable(double squares) {
        return squares >= Double.MIN_NORMAL && squares < Double.POSITIVE_INFINITY;
    }

    /// {@return the difference over the elements of both objects}
    ///
    /// @param later the difference over elements that come after those of this one
    Difference plus(Difference later) {
        boolean laterIsWorse = later.maxAbs > maxAbs;
        return new Difference(
                elements + later.elements,
                bitsDiffering + later.bitsDiffering,
                beyond + later.beyond,
                nanMismatches + later.nanMismatches,
                laterIsWorse ? later.maxAbs : maxAbs,
                Math.max(maxRel, later.maxRel),
                laterIsWorse ? later.worstAt : worstAt,
                dot + later.dot,
                squaresA + later.squaresA,
                squaresB + later.squaresB);
    }
}
