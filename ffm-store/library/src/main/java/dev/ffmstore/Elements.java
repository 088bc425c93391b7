package dev.ffmstore;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/// Moves elements of any type, bit for bit.
final class Elements {
    private static final ValueLayout.OfShort TWO = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt FOUR = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong EIGHT = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private Elements() {}

    /// Copies consecutive elements to places at regular distances.
    ///
    /// @param from holds the elements, from its start on
    /// @param count how many there are
    /// @param size the size of an element in bytes: 1, 2, 4 or 8
    /// @param target where they go
    /// @param to the offset of the first of them, in bytes
    /// @param stride the distance from one to the next, in bytes
    static void scatter(MemorySegment from, int count, int size, MemorySegment target, long to, long stride) {
        switch (size) {
            case 1 -> {
                for (int i = 0; i < count; i++) {
                    target.set(ValueLayout.JAVA_BYTE, to + i * stride, from.get(ValueLayout.JAVA_BYTE, i));
                }
            }
            case 2 -> {
                for (int i = 0; i < count; i++) {
                    target.set(TWO, to + i * stride, from.get(TWO, 2L * i));
                }
            }
            case 4 -> {
                for (int i = 0; i < count; i++) {
                    target.set(FOUR, to + i * stride, from.get(FOUR, 4L * i));
                }
            }
            case 8 -> {
                for (int i = 0; i < count; i++) {
                    target.set(EIGHT, to + i * stride, from.get(EIGHT, 8L * i));
                }
            }
            default -> throw new IllegalArgumentException("no element has " + size + " bytes");
        }
    }
}
