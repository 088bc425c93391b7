package dev.ffmstore.internal.scalar;

/// The numbers that 4-bit codes stand for, and the 8-bit scales of the floating types.
public final class NibbleTables {
    /// The unevenly spaced numbers of IQ4_NL and IQ4_XS.
    public static final byte[] IQ4 = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

    /// The numbers of E2M1, doubled.
    public static final byte[] E2M1 = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

    /// Two elements of [#IQ4] for two nibbles, the first in the low half.
    static final short[] IQ4_PAIRS = pairs(IQ4);

    /// Two elements of [#E2M1] for two nibbles, the first in the low half.
    static final short[] E2M1_PAIRS = pairs(E2M1);

    private NibbleTables() {}

    private static short[] pairs(byte[] table) {
        short[] pairs = new short[256];
        for (int i = 0; i < pairs.length; i++) {
            pairs[i] = (short) (table[i & 0xF] & 0xFF | table[i >> 4] << 8);
        }
        return pairs;
    }

    /// {@return the elements of eight nibbles, one per byte}
    ///
    /// @param pairs a table of two elements for two nibbles
    /// @param nibbles one per byte
    static long elements(short[] pairs, long nibbles) {
        long two = nibbles | nibbles >>> 4; // two nibbles in every other byte
        return pairs[(int) two & 0xFF] & 0xFFFFL
                | (pairs[(int) (two >>> 16) & 0xFF] & 0xFFFFL) << 16
                | (pairs[(int) (two >>> 32) & 0xFF] & 0xFFFFL) << 32
                | (long) pairs[(int) (two >>> 48) & 0xFF] << 48;
    }

    /// {@return half the power of two that an E8M0 byte e stands for, 2^(e − 128); subnormal for e < 2}
    public static float halvedE8m0(byte exponent) {
        int e = exponent & 0xFF;
        return Float.intBitsToFloat(e < 2 ? 0x0020_0000 << e : e - 1 << 23);
    }

    /// {@return half the number that an unsigned E4M3 byte stands for; 0 for 0 and for the NaN 0x7F}
    public static float halvedE4m3(byte scale) {
        int bits = scale & 0xFF;
        if (bits == 0 || bits == 0x7F) {
            return 0;
        }
        int exponent = bits >> 3 & 0xF;
        int fraction = bits & 7;
        // 2^-10 = half of 2^-9, the unit of the subnormals
        return exponent == 0
                ? fraction * 0x1p-10f
                : Float.intBitsToFloat(exponent - 7 - 1 + 127 << 23 | fraction << 20);
    }
}
