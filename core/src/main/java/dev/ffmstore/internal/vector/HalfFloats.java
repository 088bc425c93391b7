package dev.ffmstore.internal.vector;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.VectorOperators;

/// BF16, whose bits are shifted up by 16. (F16 uses the scalar kernel.)
final class HalfFloats {
    private static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(Lanes.LE);
    private static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(Lanes.LE);

    private HalfFloats() {}

    static void bf16(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount) {
        long i = 0;
        for (; i <= blockCount - Lanes.COUNT; i += Lanes.COUNT) {
            Lanes.unsignedShorts(blocks, from + i * 2)
                    .lanewise(VectorOperators.LSHL, 16)
                    .intoMemorySegment(dense, to + i * 4, Lanes.LE);
        }
        for (; i < blockCount; i++) {
            dense.set(U32, to + i * 4, blocks.get(U16, from + i * 2) << 16);
        }
    }
}
