package dev.ffmstore.internal.vector;

import static dev.ffmstore.internal.scalar.Codebooks.SIGNS;
import static dev.ffmstore.internal.scalar.Codebooks.evenSigns;
import static dev.ffmstore.internal.vector.Lanes.half;
import static dev.ffmstore.internal.vector.Lanes.unsignedByte;
import static dev.ffmstore.internal.vector.Lanes.unsignedShort;
import static dev.ffmstore.internal.vector.Lanes.word;

import dev.ffmstore.internal.scalar.Codebooks;
import dev.ffmstore.internal.scalar.PackedScales;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;

/// The IQ1, IQ2 and IQ3 types: an entry of a grid is eight bytes in one load, whatever the width of the machine.
/// See the scalar family for their layouts.
final class CodebookQuants {
    private static final int GROUP_BYTES = 8 * Float.BYTES;
    private static final float IQ1_DELTA = 0.125f;

    private static final float[] IQ3_XXS = floats(Codebooks.IQ3_XXS);
    private static final float[] IQ3_S = floats(Codebooks.IQ3_S);
    private static final float[] FLOAT_SIGNS = floats(SIGNS);

    private CodebookQuants() {}

    private static float[] floats(byte[] table) {
        float[] floats = new float[table.length];
        for (int i = 0; i < table.length; i++) {
            floats[i] = table[i];
        }
        return floats;
    }

    /// Eight elements of a grid with signs.
    private static void eight(byte[] grid, int entry, int signs, float scale, MemorySegment dense, long to) {
        ByteVector elements = ByteVector.fromArray(Lanes.BYTES_8, grid, entry * 8)
                .mul(ByteVector.fromArray(Lanes.BYTES_8, SIGNS, signs * 8));
        Lanes.toEightFloats(elements).mul(scale).intoMemorySegment(dense, to, Lanes.LE);
    }

    static void iq2xxs(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount) {
        for (long block = 0; block < blockCount; block++, from += 66) {
            float d = half(blocks, from);
            for (int sub = 0; sub < 8; sub++) {
                int entries = word(blocks, from + 2 + sub * 8);
                int signs = word(blocks, from + 6 + sub * 8);
                float scale = d * (0.5f + (signs >>> 28)) * 0.25f;
                for (int l = 0; l < 4; l++, to += GROUP_BYTES) {
                    eight(Codebooks.IQ2_XXS, entries & 0xFF, evenSigns(signs & 127), scale, dense, to);
                    entries >>>= 8;
                    signs >>>= 7;
                }
            }
        }
    }

    static void iq2xs(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount) {
        for (long block = 0; block < blockCount; block++, from += 74) {
            float d = half(blocks, from);
            for (int pair = 0; pair < 16; pair++) {
                int scales = blocks.get(Lanes.BYTE, from + 66 + (pair >> 1));
                float scale = d * (0.5f + (scales >> (pair & 1) * 4 & 0xF)) * 0.25f;
                for (int l = 0; l < 2; l++, to += GROUP_BYTES) {
                    int index = unsignedShort(blocks, from + 2 + pair * 4 + l * 2);
                    eight(Codebooks.IQ2_XS, index & 511, evenSigns(index >> 9), scale, dense, to);
                }
            }
        }
    }

    static void iq2s(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount) {
        for (long block = 0; block < blockCount; block++, from += 82) {
            float d = half(blocks, from);
            for (int pair = 0; pair < 16; pair++) {
                int scales = blocks.get(Lanes.BYTE, from + 74 + (pair >> 1));
                int high = blocks.get(Lanes.BYTE, from + 66 + (pair >> 1)) >> (pair & 1) * 4;
                float scale = d * (0.5f + (scales >> (pair & 1) * 4 & 0xF)) * 0.25f;
                for (int l = 0; l < 2; l++, to += GROUP_BYTES) {
                    int entry = unsignedByte(blocks, from + 2 + pair * 2 + l) | (high >> 2 * l & 3) << 8;
                    int signs = unsignedByte(blocks, from + 34 + pair * 2 + l);
                    eight(Codebooks.IQ2_S, entry, signs, scale, dense, to);
                }
            }
        }
    }

    /// Two entries of four elements of a grid, beside each other, with signs: too short for bytes, so the tables
    /// hold floats.
    private static void fourAndFour(
            float[] grid, int entry0, int entry1, int signs, float scale, MemorySegment dense, long to) {
        four(grid, entry0, signs * 8, scale, dense, to);
        four(grid, entry1, signs * 8 + 4, scale, dense, to + GROUP_BYTES / 2);
    }

    private static void four(float[] grid, int entry, int sign, float scale, MemorySegment dense, long to) {
        FloatVector.fromArray(Lanes.FLOATS_4, grid, entry * 4)
                .mul(FloatVector.fromArray(Lanes.FLOATS_4, FLOAT_SIGNS, sign))
                .mul(scale)
                .intoMemorySegment(dense, to, Lanes.LE);
    }

    static void iq3xxs(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount) {
        for (long block = 0; block < blockCount; block++, from += 98) {
            float d = half(blocks, from);
            for (int sub = 0; sub < 8; sub++) {
                int signs = word(blocks, from + 66 + sub * 4);
                float scale = d * (0.5f + (signs >>> 28)) * 0.5f;
                for (int l = 0; l < 4; l++, to += GROUP_BYTES) {
                    int entries = unsignedShort(blocks, from + 2 + sub * 8 + l * 2);
                    fourAndFour(IQ3_XXS, entries & 0xFF, entries >> 8, evenSigns(signs & 127), scale, dense, to);
                    signs >>>= 7;
                }
            }
        }
    }

    static void iq3s(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount) {
        for (long block = 0; block < blockCount; block++, from += 110) {
            float d = half(blocks, from);
            for (int sub = 0; sub < 8; sub++) {
                int scales = blocks.get(Lanes.BYTE, from + 106 + (sub >> 1));
                int high = unsignedByte(blocks, from + 66 + sub);
                float scale = d * (1 + 2 * (scales >> (sub & 1) * 4 & 0xF));
                for (int l = 0; l < 4; l++, to += GROUP_BYTES) {
                    int entries = unsignedShort(blocks, from + 2 + sub * 8 + l * 2);
                    int signs = unsignedByte(blocks, from + 74 + sub * 4 + l);
                    int entry0 = entries & 0xFF | (high & 1) << 8;
                    int entry1 = entries >> 8 | (high & 2) << 7;
                    fourAndFour(IQ3_S, entry0, entry1, signs, scale, dense, to);
                    high >>= 2;
                }
            }
        }
    }

    /// Eight elements of the ternary grid, moved by a delta.
    private static void eightMoved(int entry, float delta, float scale, MemorySegment dense, long to) {
        Lanes.toEightFloats(ByteVector.fromArray(Lanes.BYTES_8, Codebooks.IQ1, entry * 8))
                .add(delta)
                .mul(scale)
                .intoMemorySegment(dense, to, Lanes.LE);
    }

    static void iq1s(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount) {
        for (long block = 0; block < blockCount; block++, from += 50) {
            float d = half(blocks, from);
            for (int sub = 0; sub < 8; sub++) {
                int high = unsignedShort(blocks, from + 34 + sub * 2);
                float scale = d * (2 * (high >> 12 & 7) + 1);
                float delta = (high & 0x8000) == 0 ? IQ1_DELTA : -IQ1_DELTA;
                for (int l = 0; l < 4; l++, to += GROUP_BYTES) {
                    int entry = unsignedByte(blocks, from + 2 + sub * 4 + l) | (high & 7) << 8;
                    eightMoved(entry, delta, scale, dense, to);
                    high >>= 3;
                }
            }
        }
    }

    static void iq1m(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount) {
        for (long block = 0; block < blockCount; block++, from += 56) {
            long scales = Lanes.doubleWord(blocks, from + 48);
            float d = Float.float16ToFloat(PackedScales.iq1m(scales));
            for (int pair = 0; pair < 16; pair++) {
                int s = (int) (scales >>> (pair >> 2) * 16 + (pair & 3) * 3) & 7;
                float scale = d * (2 * s + 1);
                int high = unsignedByte(blocks, from + 32 + pair);
                for (int l = 0; l < 2; l++, to += GROUP_BYTES) {
                    int entry = unsignedByte(blocks, from + pair * 2 + l) | (high & 7) << 8;
                    float delta = (high & 8) == 0 ? IQ1_DELTA : -IQ1_DELTA;
                    eightMoved(entry, delta, scale, dense, to);
                    high >>= 4;
                }
            }
        }
    }
}
