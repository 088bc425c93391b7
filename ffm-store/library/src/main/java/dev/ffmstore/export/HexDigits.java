package dev.ffmstore.export;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/// Bytes as upper-case hexadecimal digits, two per byte, the high half first.
///
/// Four bytes at a time become eight digits in one long:
///
/// ```text
/// bytes    D C B A                    as a little-endian int
/// lanes    _ D _ C _ B _ A            a byte in each lane of 16 bits
/// halves   D₀D₁ C₀C₁ B₀B₁ A₀A₁        in each lane the high half in the low byte, so that it is stored first
/// ```
public final class HexDigits {
    private static final ValueLayout.OfInt FOUR_BYTES =
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong EIGHT_DIGITS =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private static final long LOW_HALVES = 0x000F_000F_000F_000FL;
    private static final long ONES = 0x0101_0101_0101_0101L;

    private HexDigits() {}

    /// Writes the digits of some bytes.
    ///
    /// @param bytes the bytes
    /// @param skipped how many digits of the first byte to leave out, 0 or 1
    /// @param target filled whole; if its size is odd (except for the skipped digit), the last byte's second digit
    /// is left out
    public static void write(MemorySegment bytes, int skipped, MemorySegment target) {
        long digits = target.byteSize();
        long at = 0;
        if (skipped == 1 && digits > 0) {
            target.set(ValueLayout.JAVA_BYTE, at++, digit(bytes.get(ValueLayout.JAVA_BYTE, 0)));
        }
        long from = skipped;
        for (; at + Long.BYTES <= digits; at += Long.BYTES, from += Integer.BYTES) {
            target.set(EIGHT_DIGITS, at, digits(bytes.get(FOUR_BYTES, from)));
        }
        for (; at < digits; at += 2, from++) {
            byte value = bytes.get(ValueLayout.JAVA_BYTE, from);
            target.set(ValueLayout.JAVA_BYTE, at, digit(value >> 4));
            if (at + 1 < digits) {
                target.set(ValueLayout.JAVA_BYTE, at + 1, digit(value));
            }
        }
    }

    private static long digits(int fourBytes) {
        long lanes = fourBytes & 0xFFFF_FFFFL;
        lanes = (lanes | lanes << 16) & 0x0000_FFFF_0000_FFFFL;
        lanes = (lanes | lanes << 8) & 0x00FF_00FF_00FF_00FFL;
        long halves = (lanes >>> 4 & LOW_HALVES) | (lanes & LOW_HALVES) << 8;
        long letters = halves + 6 * ONES >>> 4 & ONES; // 1 where the half is 10 or more
        return halves + '0' * ONES + letters * ('A' - '0' - 10);
    }

    private static byte digit(int value) {
        int half = value & 0xF;
        return (byte) (half < 10 ? '0' + half : 'A' - 10 + half);
    }
}
