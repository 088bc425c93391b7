package dev.ffmstore.internal.vector;

import static dev.ffmstore.internal.vector.Lanes.doubleWord;
import static dev.ffmstore.internal.vector.Lanes.half;
import static dev.ffmstore.internal.vector.Lanes.unsignedByte;
import static dev.ffmstore.internal.vector.Lanes.unsignedShort;
import static dev.ffmstore.internal.vector.Lanes.word;

import dev.ffmstore.internal.scalar.Codebooks;
import dev.ffmstore.internal.scalar.PackedScales;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// The IQ1, IQ2 and IQ3 types; see the scalar family for their layouts.
///
/// An entry of a grid is one load of eight or four floats, whatever the width of the machine: tables of floats, 150
/// KiB in all, cost less than converting bytes does.
final class CodebookQuants {
    private static final VectorSpecies<Float> EIGHT = FloatVector.SPECIES_256;
    private static final VectorSpecies<Float> FOUR = FloatVector.SPECIES_128;

    private static final int GROUP_BYTES = 8 * Float.BYTES;
    private static final float IQ1_DELTA = 0.125f;

    private static final float[] IQ2_XXS = floats(Codebooks.IQ2_XXS);
    private static final float[] IQ2_XS = floats(Codebooks.IQ2_XS);
    private static final float[] IQ2_S = floats(Codebooks.IQ2_S);
    private static final float[] IQ3_XXS = floats(Codebooks.IQ3_XXS);
    private static final float[] IQ3_S = floats(Codebooks.IQ3_S);
    private static final float[] IQ1 = floats(Codebooks.IQ1);

    /// Eight factors of 1 or −1 for every byte of signs, and for every seven bits whose eighth makes them even.
    private static final float[] SIGNS = floats(Codebooks.SIGNS);

    private static final float[] EVEN_SIGNS = evenSigns();

    private CodebookQuants() {}

    private static float[] floats(byte[] table) {
        float[] floats = new float[table.length];
        for (int i = 0; i < table.length; i++) {
            floats[i] = table[i];
        }
        return floats;
    }

    private static float[] evenSigns() {
        float[] even = new float[128 * 8];
        for (int bits = 0; bits < 128; bits++) {
            System.arraycopy(SIGNS, Codebooks.evenSigns(bits) * 8, even, bits * 8, 8);
        }
        return even;
    }

    /// Eight elements of a grid with signs.
    private static void eight(
            float[] grid, int entry, float[] signs, int sign, float scale, MemorySegment dense, long to) {
        FloatVector.fromArray(EIGHT, grid, entry * 8)
                .mul(FloatVector.fromArray(EIGHT, signs, sign * 8))
                .mul(scale)
                .intoMemorySegment(dense, to, Lanes.LE);
    }

    static void iq2xxs(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount) {
        for (long block = 0; block < blockCount; block++, from += 66) {
            float d = half(blocks, from);
            for (int sub = 0; sub < 8; sub++) {
                int entries = word(blocks, from + 2 + sub * 8);
                int signs = word(blocks, from + 6 + sub * 8);
                float scale = d * (0.5f + (signs >>> 28)) * 0.25f;
                for (int l = 0; l < 4; l++, to += GROUP_BYTES) {
                    eight(IQ2_XXS, entries & 0xFF, EVEN_SIGNS, signs & 127, scale, dense, to);
                    entries >>>= 8;
                    signs >>>= 7;
                }
            }
        }
    }

    static void iq2xs(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount) {
        for (long block = 0; block < blockCount; block++, from += 74) {
            float d = half(blocks, from);
            long scales = doubleWord(blocks, from + 66);
            for (int pair = 0; pair < 16; pair++) {
                float scale = d * (0.5f + (scales & 0xF)) * 0.25f;
                scales >>>= 4;
                int indices = word(blocks, from + 2 + pair * 4);
                for (int l = 0; l < 2; l++, to += GROUP_BYTES) {
                    eight(IQ2_XS, indices & 511, EVEN_SIGNS, indices >>> 9 & 127, scale, dense, to);
                    indices >>>= 16;
                }
            }
        }
    }

    static void iq2s(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount) {
        for (long block = 0; block < blockCount; block++, from += 82) {
            float d = half(blocks, from);
            long scales = doubleWord(blocks, from + 74);
            long high = doubleWord(blocks, from + 66);
            for (int pair = 0; pair < 16; pair++) {
                float scale = d * (0.5f + (scales & 0xF)) * 0.25f;
                scales >>>= 4;
                int entries = unsignedShort(blocks, from + 2 + pair * 2);
                int signs = unsignedShort(blocks, from + 34 + pair * 2);
                for (int l = 0; l < 2; l++, to += GROUP_BYTES) {
                    int entry = entries & 0xFF | ((int) high & 3) << 8;
                    eight(IQ2_S, entry, SIGNS, signs & 0xFF, scale, dense, to);
                    entries >>>= 8;
                    signs >>>= 8;
                    high >>>= 2;
                }
            }
        }
    }

    /// Four elements of a grid with signs; `sign` is where the signs start in their table.
    private static void four(
            float[] grid, int entry, float[] signs, int sign, float scale, MemorySegment dense, long to) {
        FloatVector.fromArray(FOUR, grid, entry * 4)
                .mul(FloatVector.fromArray(FOUR, signs, sign))
                .mul(scale)
                .intoMemorySegment(dense, to, Lanes.LE);
    }

    static void iq3xxs(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount) {
        for (long block = 0; block < blockCount; block++, from += 98) {
            float d = half(blocks, from);
            for (int sub = 0; sub < 8; sub++) {
                int signs = word(blocks, from + 66 + sub * 4);
                float scale = d * (0.5f + (signs >>> 28)) * 0.5f;
                long entries = doubleWord(blocks, from + 2 + sub * 8);
                for (int l = 0; l < 4; l++, to += GROUP_BYTES) {
                    int sign = (signs & 127) * 8;
                    four(IQ3_XXS, (int) entries & 0xFF, EVEN_SIGNS, sign, scale, dense, to);
                    four(IQ3_XXS, (int) entries >>> 8 & 0xFF, EVEN_SIGNS, sign + 4, scale, dense, to + 16);
                    entries >>>= 16;
                    signs >>>= 7;
                }
            }
        }
    }

    static void iq3s(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount) {
        for (long block = 0; block < blockCount; block++, from += 110) {
            float d = half(blocks, from);
            int scales = word(blocks, from + 106);
            for (int sub = 0; sub < 8; sub++) {
                float scale = d * (1 + 2 * (scales & 0xF));
                scales >>>= 4;
                int high = unsignedByte(blocks, from + 66 + sub);
                int signs = word(blocks, from + 74 + sub * 4);
                long entries = doubleWord(blocks, from + 2 + sub * 8);
                for (int l = 0; l < 4; l++, to += GROUP_BYTES) {
                    int entry0 = (int) entries & 0xFF | (high & 1) << 8;
                    int entry1 = (int) entries >>> 8 & 0xFF | (high & 2) << 7;
                    int sign = (signs & 0xFF) * 8;
                    four(IQ3_S, entry0, SIGNS, sign, scale, dense, to);
                    four(IQ3_S, entry1, SIGNS, sign + 4, scale, dense, to + 16);
                    entries >>>= 16;
                    signs >>>= 8;
                    high >>>= 2;
                }
            }
        }
    }

    /// Eight elements of the ternary grid, moved by a delta.
    private static void eightMoved(int entry, float delta, float scale, MemorySegment dense, long to) {
        FloatVector.fromArray(EIGHT, IQ1, entry * 8).add(delta).mul(scale).intoMemorySegment(dense, to, Lanes.LE);
    }

    static void iq1s(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount) {
        for (long block = 0; block < blockCount; block++, from += 50) {
            float d = half(blocks, from);
            for (int sub = 0; sub < 8; sub++) {
                int high = unsignedShort(blocks, from + 34 + sub * 2);
                float scale = d * (2 * (high >> 12 & 7) + 1);
                float delta = (high & 0x8000) == 0 ? IQ1_DELTA : -IQ1_DELTA;
                int entries = word(blocks, from + 2 + sub * 4);
                for (int l = 0; l < 4; l++, to += GROUP_BYTES) {
                    eightMoved(entries & 0xFF | (high & 7) << 8, delta, scale, dense, to);
                    entries >>>= 8;
                    high >>>= 3;
                }
            }
        }
    }

    static void iq1m(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount) {
        for (long block = 0; block < blockCount; block++, from += 56) {
            long scales = doubleWord(blocks, from + 48);
            float d = Float.float16ToFloat(PackedScales.iq1m(scales));
            for (int pair = 0; pair < 16; pair++) {
                int s = (int) (scales >>> (pair >> 2) * 16 + (pair & 3) * 3) & 7;
                float scale = d * (2 * s + 1);
                int high = unsignedByte(blocks, from + 32 + pair);
                int entries = unsignedShort(blocks, from + pair * 2);
                for (int l = 0; l < 2; l++, to += GROUP_BYTES) {
                    float delta = (high & 8) == 0 ? IQ1_DELTA : -IQ1_DELTA;
                    eightMoved(entries & 0xFF | (high & 7) << 8, delta, scale, dense, to);
                    entries >>>= 8;
                    high >>>= 4;
                }
            }
        }
    }
}
