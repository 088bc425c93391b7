package dev.ffmstore.internal.scalar;

/// Unpacks scales that are scattered over a block: those of IQ1_M, and, eight at a time, the 6-bit scales and mins
/// of Q3_K, Q4_K and Q5_K; [KQuants] shows their layout.
public final class PackedScales {
    private PackedScales() {}

    /// {@return the scales of the eight sub-blocks, one per byte, the first lowest}
    public static long scales(int s0, int s2) {
        return s0 & 0x3F3F3F3FL | (s2 & 0x0F0F0F0FL | s0 >>> 2 & 0x30303030L) << 32;
    }

    /// {@return the mins of the eight sub-blocks, one per byte, the first lowest}
    public static long mins(int s1, int s2) {
        return s1 & 0x3F3F3F3FL | (s2 >>> 4 & 0x0F0F0F0FL | s1 >>> 2 & 0x30303030L) << 32;
    }

    /// {@return eight of the scales of Q3_K, one per byte, the first lowest, each 32 too large}
    ///
    /// @param side 0 for those of the first 128 elements, 1 for the others
    public static long q3_k(int s0, int s1, int s2, int side) {
        // scales 0–7 are the low nibbles of s0 and s1, 8–15 the high ones; the upper pairs of scales 4k to 4k + 3
        // are bits 2k of s2's bytes
        long nibbles = ((s0 & 0xFFFFFFFFL) | (long) s1 << 32) >>> 4 * side & 0x0F0F0F0F0F0F0F0FL;
        int pairs = s2 >>> 4 * side;
        return nibbles | (pairs & 0x03030303L) << 4 | (pairs >>> 2 & 0x03030303L) << 36;
    }

    /// {@return the half-precision scale of an IQ1_M block: the top nibbles of four words, the first lowest}
    public static short iq1_m(long words) {
        return (short) (words >>> 12 & 0xF | words >>> 24 & 0xF0 | words >>> 36 & 0xF00 | words >>> 48 & 0xF000);
    }
}
