package dev.ffmstore.internal.scalar;

/// Arithmetic on the eight bytes of a `long`, each on its own; element 0 is the lowest byte.
///
/// Without SIMD, eight small integers at a time cost as much as one.
final class ByteLanes {
    /// A one in each byte.
    static final long ONES = 0x0101010101010101L;

    private static final long TOPS = 0x8080808080808080L;
    private static final long NIBBLES = 0x0F0F0F0F0F0F0F0FL;
    private static final long PAIRS = 0x0303030303030303L;

    private ByteLanes() {}

    /// {@return a long that holds a byte eight times}
    static long repeat(int value) {
        return (value & 0xFF) * ONES;
    }

    /// {@return the low nibble of each byte}
    static long low(long bytes) {
        return bytes & NIBBLES;
    }

    /// {@return the high nibble of each byte}
    static long high(long bytes) {
        return bytes >>> 4 & NIBBLES;
    }

    /// {@return two bits of each byte}
    ///
    /// @param shift the position of the lower bit, 0 to 6
    static long pairs(long bytes, int shift) {
        return bytes >>> shift & PAIRS;
    }

    /// {@return one bit of each byte}
    ///
    /// @param shift the position of the bit, 0 to 7
    static long bits(long bytes, int shift) {
        return bytes >>> shift & ONES;
    }

    /// {@return the eight bits of a byte, each in a byte of its own}
    static long spread(int byteOfBits) {
        long each = repeat(byteOfBits) & 0x8040201008040201L;
        return each + 0x7F7F7F7F7F7F7F7FL >>> 7 & ONES; // the top bit of a byte that was not 0
    }

    /// {@return the eight pairs of sixteen bits, each in a byte of its own}
    static long spreadPairs(int sixteenBits) {
        long x = sixteenBits & 0xFFFFL;
        x = (x | x << 24) & 0x000000FF000000FFL;
        x = (x | x << 12) & 0x000F000F000F000FL;
        return (x | x << 6) & PAIRS;
    }

    /// {@return each byte minus a number}
    ///
    /// @param bytes 0 to 127 each
    /// @param subtrahend 0 to 127
    static long minus(long bytes, int subtrahend) {
        return (bytes | TOPS) - repeat(subtrahend) ^ TOPS;
    }

    /// {@return each byte, or its negative}
    ///
    /// @param bytes none of them 0
    /// @param negative 1 for each byte that is to be negated, 0 for the others
    static long negate(long bytes, long negative) {
        return (bytes ^ negative * 0xFF) + negative;
    }
}
