package dev.ffmstore.internal.vector;

import static dev.ffmstore.internal.vector.Lanes.half;

import dev.ffmstore.internal.scalar.NibbleTables;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.VectorOperators;

/// The types whose nibbles index a table: sixteen bytes are looked up at once. See the scalar family for their
/// layouts.
final class TableQuants {
    private static final ByteVector IQ4 = ByteVector.fromArray(Lanes.BYTES_16, NibbleTables.IQ4, 0);
    private static final ByteVector E2M1 = ByteVector.fromArray(Lanes.BYTES_16, NibbleTables.E2M1, 0);

    private static final int HALF_BYTES = 16 * Float.BYTES;

    private TableQuants() {}

    static void iq4nl(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount) {
        for (long block = 0; block < blockCount; block++, from += 18, to += 2 * HALF_BYTES) {
            nibbles(IQ4, blocks, from + 2, half(blocks, from), dense, to);
        }
    }

    static void iq4xs(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount) {
        for (long block = 0; block < blockCount; block++, from += 136) {
            float d = half(blocks, from);
            int high = Lanes.unsignedShort(blocks, from + 2);
            int low = Lanes.word(blocks, from + 4);
            for (int sub = 0; sub < 8; sub++, to += 2 * HALF_BYTES) {
                int s = low & 0xF | (high & 3) << 4;
                low >>>= 4;
                high >>>= 2;
                nibbles(IQ4, blocks, from + 8 + sub * 16, d * (s - 32), dense, to);
            }
        }
    }

    static void mxfp4(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount) {
        for (long block = 0; block < blockCount; block++, from += 17, to += 2 * HALF_BYTES) {
            nibbles(E2M1, blocks, from + 1, NibbleTables.halvedE8m0(blocks.get(Lanes.BYTE, from)), dense, to);
        }
    }

    /// Sixteen bytes of nibbles: their low halves are the first sixteen elements, their high halves the others.
    private static void nibbles(
            ByteVector table, MemorySegment blocks, long from, float d, MemorySegment dense, long to) {
        ByteVector q = ByteVector.fromMemorySegment(Lanes.BYTES_16, blocks, from, Lanes.LE);
        Lanes.scaled(q.and((byte) 0xF).selectFrom(table), d, dense, to);
        Lanes.scaled(q.lanewise(VectorOperators.LSHR, 4).and((byte) 0xF).selectFrom(table), d, dense, to + HALF_BYTES);
    }

    static void nvfp4(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount) {
        for (long block = 0; block < blockCount; block++, from += 36, to += 4 * HALF_BYTES) {
            for (int pair = 0; pair < 2; pair++) {
                float d0 = NibbleTables.halvedE4m3(blocks.get(Lanes.BYTE, from + 2 * pair));
                float d1 = NibbleTables.halvedE4m3(blocks.get(Lanes.BYTE, from + 2 * pair + 1));
                ByteVector q = ByteVector.fromMemorySegment(Lanes.BYTES_16, blocks, from + 4 + pair * 16, Lanes.LE);
                ByteVector low = q.and((byte) 0xF).selectFrom(E2M1);
                ByteVector high =
                        q.lanewise(VectorOperators.LSHR, 4).and((byte) 0xF).selectFrom(E2M1);
                // the two halves of a vector belong to two sub-blocks of sixteen
                long out = to + pair * 2 * HALF_BYTES;
                Lanes.scaledEights(low, d0, d1, dense, out, out + HALF_BYTES);
                Lanes.scaledEights(high, d0, d1, dense, out + 32, out + HALF_BYTES + 32);
            }
        }
    }
}
