package dev.ffmstore;

import java.util.Arrays;

/// Rounding to 16 bits as the definition has it: of all values of the type the nearest, of two equally near the one
/// with an even mantissa, compared in double, where sums of neighbours are exact.
final class SlowRounding {
    private static final SlowRounding F16 = new SlowRounding(10, 5);
    private static final SlowRounding BF16 = new SlowRounding(7, 8);

    private final int exponentMask;

    /// All values from zero up, by their bits; the last is what follows the largest: where infinity begins to be
    /// nearer is half-way there.
    private final double[] values;

    private SlowRounding(int mantissaBits, int exponentBits) {
        int largestExponent = (1 << exponentBits) - 1;
        int bias = largestExponent >> 1;
        this.exponentMask = largestExponent << mantissaBits;
        this.values = new double[exponentMask + 1];
        for (int bits = 0; bits <= exponentMask; bits++) {
            int exponent = bits >> mantissaBits;
            double fraction = (bits & (1 << mantissaBits) - 1) * Math.scalb(1.0, -mantissaBits);
            values[bits] = exponent == 0
                    ? fraction * Math.scalb(1.0, 1 - bias)
                    : (1 + fraction) * Math.scalb(1.0, exponent - bias);
        }
    }

    static SlowRounding to(DType dtype) {
        return switch (dtype) {
            case F16 -> F16;
            case BF16 -> BF16;
            default -> throw new IllegalArgumentException(dtype + " has not 16 bits");
        };
    }

    /// {@return the bits of the nearest value; of a NaN those of any}
    int bits(float value) {
        int sign = Float.floatToRawIntBits(value) < 0 ? 0x8000 : 0;
        if (Float.isNaN(value)) {
            return sign | exponentMask | 1;
        }
        double magnitude = Math.abs((double) value);
        int above = Arrays.binarySearch(values, magnitude);
        if (above >= 0) {
            return sign | above;
        }
        above = -above - 1;
        if (above > exponentMask) {
            return sign | exponentMask;
        }
        int below = above - 1;
        double fromBelow = magnitude - values[below];
        double fromAbove = values[above] - magnitude;
        boolean up = fromAbove < fromBelow || fromAbove == fromBelow && above % 2 == 0;
        return sign | (up ? above : below);
    }

    boolean isNaN(int bits) {
        return (bits & 0x7FFF) > exponentMask;
    }

    /// {@return the value of some bits that are not a NaN}
    float value(int bits) {
        int magnitude = bits & 0x7FFF;
        float value = magnitude == exponentMask ? Float.POSITIVE_INFINITY : (float) values[magnitude];
        return (bits & 0x8000) == 0 ? value : -value;
    }
}
