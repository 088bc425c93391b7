package dev.ffmstore.internal.measure;

/// How far two elements may be apart.
public sealed interface Tolerance {
    /// No difference: the bits are the same, once both are widened to a common type; any NaN is the same as any
    /// other.
    record Exact() implements Tolerance {}

    /// |a − b| ≤ `atol` + `rtol` · max(|a|, |b|), in 64-bit floats. Infinities of one sign are equal, and so are
    /// NaN and NaN; nothing else that is not finite is within any tolerance.
    ///
    /// @param atol finite, 0 or more
    /// @param rtol finite, 0 or more
    record Within(double atol, double rtol) implements Tolerance {
        /// @throws IllegalArgumentException if either limit is negative or not finite
        public Within {
            requireTolerance(atol);
            requireTolerance(rtol);
        }

        private static void requireTolerance(double value) {
            if (!(value >= 0 && value < Double.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException("expected a finite number, 0 or more, got " + value);
            }
        }
    }

    /// {@return whether this allows a difference, which must have been counted with this}
    default boolean allows(Difference difference) {
        return switch (this) {
            case Exact _ -> difference.bitsDiffering() == 0;
            case Within _ -> difference.beyond() == 0;
        };
    }
}
