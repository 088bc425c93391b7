package dev.ffmstore.internal.vector;

import static dev.ffmstore.internal.vector.Lanes.COUNT;
import static dev.ffmstore.internal.vector.Lanes.I32;
import static dev.ffmstore.internal.vector.Lanes.LE;
import static dev.ffmstore.internal.vector.Lanes.half;
import static dev.ffmstore.internal.vector.Lanes.passes;
import static dev.ffmstore.internal.vector.Lanes.toFloat;
import static dev.ffmstore.internal.vector.Lanes.unsignedBytes;

import dev.ffmstore.internal.scalar.NibbleTables;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/// The types whose nibbles index a table of sixteen: the table is one vector of sixteen ints, or two of eight. See
/// the scalar family for their layouts.
final class TableQuants {
    private static final IntVector IQ4 = table(NibbleTables.IQ4, 0);
    private static final IntVector IQ4_UPPER = table(NibbleTables.IQ4, 16 - COUNT);
    private static final IntVector E2M1 = table(NibbleTables.E2M1, 0);
    private static final IntVector E2M1_UPPER = table(NibbleTables.E2M1, 16 - COUNT);

    /// The lanes of one half, twice; the shifts below bring down the low nibbles of the first and the high ones
    /// of the second.
    private static final IntVector FIRST_TWICE = IntVector.zero(I32).addIndex(1).and(7);

    private static final IntVector SECOND_TWICE = FIRST_TWICE.or(8);
    private static final IntVector NIBBLE_SHIFTS =
            IntVector.zero(I32).addIndex(1).and(8).lanewise(VectorOperators.LSHR, 1);

    private static final int HALF_BYTES = 16 * Float.BYTES;
    private static final int EIGHT_BYTES = 8 * Float.BYTES;

    private TableQuants() {}

    /// Returns as many entries of a table as there are lanes.
    private static IntVector table(byte[] entries, int from) {
        int[] ints = new int[COUNT];
        for (int i = 0; i < ints.length; i++) {
            ints[i] = entries[Math.max(0, from) + i];
        }
        return IntVector.fromArray(I32, ints, 0);
    }

    static void iq4_nl(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount) {
        for (long block = 0; block < blockCount; block++, from += 18, to += 2 * HALF_BYTES) {
            nibbles(IQ4, IQ4_UPPER, blocks, from + 2, half(blocks, from), dense, to);
        }
    }

    static void iq4_xs(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount) {
        for (long block = 0; block < blockCount; block++, from += 136) {
            float d = half(blocks, from);
            int high = Lanes.unsignedShort(blocks, from + 2);
            int low = Lanes.word(blocks, from + 4);
            long bytes = from + 8;
            for (int subs = passes(8); subs != 0; subs >>= 1, bytes += 16, to += 2 * HALF_BYTES) {
                int s = low & 0xF | (high & 3) << 4;
                low >>>= 4;
                high >>>= 2;
                nibbles(IQ4, IQ4_UPPER, blocks, bytes, d * (s - 32), dense, to);
            }
        }
    }

    static void mxfp4(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount) {
        for (long block = 0; block < blockCount; block++, from += 17, to += 2 * HALF_BYTES) {
            float d = NibbleTables.halvedE8m0(blocks.get(Lanes.BYTE, from));
            nibbles(E2M1, E2M1_UPPER, blocks, from + 1, d, dense, to);
        }
    }

    /// Decodes sixteen bytes of nibbles: their low halves are the first sixteen elements, their high halves the
    /// others.
    private static void nibbles(
            IntVector table, IntVector upper, MemorySegment blocks, long from, float d, MemorySegment dense, long to) {
        for (int j = 0; j < 16; j += COUNT) {
            IntVector q = unsignedBytes(blocks, from + j);
            long out = to + j * (long) Float.BYTES;
            store(table, upper, q.and(0xF), d, dense, out);
            store(table, upper, q.lanewise(VectorOperators.LSHR, 4), d, dense, out + HALF_BYTES);
        }
    }

    /// Stores what the table has for each lane, times `d`.
    private static void store(IntVector table, IntVector upper, IntVector q, float d, MemorySegment dense, long to) {
        IntVector entries = q.selectFrom(table); // an index is taken modulo the number of lanes
        if (COUNT == 8) {
            VectorMask<Integer> isUpper = q.compare(VectorOperators.GE, 8);
            entries = entries.blend(q.selectFrom(upper), isUpper);
        }
        toFloat(entries).mul(d).intoMemorySegment(dense, to, LE);
    }

    static void nvfp4(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount) {
        for (long block = 0; block < blockCount; block++, from += 36) {
            long scales = from;
            long bytes = from + 4;
            for (int left = passes(32 / COUNT); left != 0; left >>= 1, bytes += COUNT) {
                float d = NibbleTables.halvedE4m3(blocks.get(Lanes.BYTE, scales++));
                IntVector q = unsignedBytes(blocks, bytes);
                if (COUNT == 8) {
                    store(E2M1, E2M1_UPPER, q.and(0xF), d, dense, to);
                    store(E2M1, E2M1_UPPER, q.lanewise(VectorOperators.LSHR, 4), d, dense, to + EIGHT_BYTES);
                    to += HALF_BYTES;
                } else { // the first eight bytes belong to one sub-block of sixteen, the others to the next
                    float next = NibbleTables.halvedE4m3(blocks.get(Lanes.BYTE, scales++));
                    store(E2M1, E2M1, twice(FIRST_TWICE, q), d, dense, to);
                    store(E2M1, E2M1, twice(SECOND_TWICE, q), next, dense, to + HALF_BYTES);
                    to += 2 * HALF_BYTES;
                }
            }
        }
    }

    /// Returns the low nibbles of eight lanes, then their high nibbles.
    private static IntVector twice(IntVector lanes, IntVector q) {
        return lanes.selectFrom(q).lanewise(VectorOperators.LSHR, NIBBLE_SHIFTS).and(0xF);
    }
}
