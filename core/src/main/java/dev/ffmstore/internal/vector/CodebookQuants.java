package dev.ffmstore.internal.vector;

import static dev.ffmstore.internal.vector.Lanes.COUNT;
import static dev.ffmstore.internal.vector.Lanes.F32;
import static dev.ffmstore.internal.vector.Lanes.doubleWord;
import static dev.ffmstore.internal.vector.Lanes.half;
import static dev.ffmstore.internal.vector.Lanes.passes;
import static dev.ffmstore.internal.vector.Lanes.unsignedByte;
import static dev.ffmstore.internal.vector.Lanes.unsignedShort;
import static dev.ffmstore.internal.vector.Lanes.word;

import dev.ffmstore.internal.scalar.Codebooks;
import dev.ffmstore.internal.scalar.PackedScales;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// The IQ1, IQ2 and IQ3 types; see the scalar family for their layouts.
///
/// An entry of a grid is eight or four floats: tables of floats, 180 KiB in all, cost less than converting bytes. A
/// vector of sixteen floats takes two entries of eight: each entry is loaded into the lanes where it belongs,
/// together with whatever is next to it in the table, and a mask chooses.
///
/// ```text
/// table   … | entry 5         | entry 6         | …         load at entry 5:       5 5 5 5 5 5 5 5 6 6 6 6 6 6 6 6
///         … | entry 8         | entry 9         | …         load 8 before entry 9: 8 8 8 8 8 8 8 8 9 9 9 9 9 9 9 9
///                                                           blended:               5 5 5 5 5 5 5 5 9 9 9 9 9 9 9 9
/// ```
final class CodebookQuants {
    /// How many groups of eight elements a vector holds: 2 or 1.
    private static final int GROUPS = COUNT / 8;

    private static final int VECTOR_BYTES = COUNT * Float.BYTES;
    private static final float IQ1_DELTA = 0.125f;

    /// How many floats are before the first entry of a table and after its last.
    private static final int EIGHTS_MARGIN = 8;

    private static final int FOURS_MARGIN = 12;

    private static final VectorMask<Float> SECOND_EIGHT = lanes(0xFF00);
    private static final VectorMask<Float> SECOND_FOUR = lanes(0x00F0);
    private static final VectorMask<Float> THIRD_FOUR = lanes(0x0F00);
    private static final VectorMask<Float> FOURTH_FOUR = lanes(0xF000);

    private static final float[] IQ2_XXS = floats(Codebooks.IQ2_XXS, EIGHTS_MARGIN);
    private static final float[] IQ2_XS = floats(Codebooks.IQ2_XS, EIGHTS_MARGIN);
    private static final float[] IQ2_S = floats(Codebooks.IQ2_S, EIGHTS_MARGIN);
    private static final float[] IQ3_XXS = floats(Codebooks.IQ3_XXS, FOURS_MARGIN);
    private static final float[] IQ3_S = floats(Codebooks.IQ3_S, FOURS_MARGIN);
    private static final float[] IQ1 = floats(Codebooks.IQ1, EIGHTS_MARGIN);

    /// Eight factors of 1 or −1 for every byte of signs; [#EVEN_SIGNS] has them for seven bits whose eighth makes
    /// their number even.
    private static final float[] SIGNS = floats(Codebooks.SIGNS, EIGHTS_MARGIN);

    private static final float[] EVEN_SIGNS = evenSigns();

    private CodebookQuants() {}

    private static VectorMask<Float> lanes(int bits) {
        return VectorMask.fromLong(F32, bits & (1 << COUNT) - 1);
    }

    private static float[] floats(byte[] table, int margin) {
        float[] floats = new float[table.length + 2 * margin];
        for (int i = 0; i < table.length; i++) {
            floats[margin + i] = table[i];
        }
        return floats;
    }

    private static float[] evenSigns() {
        float[] even = new float[128 * 8 + 2 * EIGHTS_MARGIN];
        for (int bits = 0; bits < 128; bits++) {
            int from = EIGHTS_MARGIN + Codebooks.evenSigns(bits) * 8;
            System.arraycopy(SIGNS, from, even, EIGHTS_MARGIN + bits * 8, 8);
        }
        return even;
    }

    /// Returns one or two entries of eight floats, as many as the lanes hold.
    private static FloatVector eights(float[] table, int entry0, int entry1) {
        FloatVector first = FloatVector.fromArray(F32, table, entry0 * 8 + EIGHTS_MARGIN);
        return GROUPS == 1 ? first : first.blend(FloatVector.fromArray(F32, table, entry1 * 8), SECOND_EIGHT);
    }

    /// Returns two or four entries of four floats.
    private static FloatVector fours(float[] table, int entry0, int entry1, int entry2, int entry3) {
        FloatVector eight = FloatVector.fromArray(F32, table, entry0 * 4 + FOURS_MARGIN)
                .blend(FloatVector.fromArray(F32, table, entry1 * 4 + FOURS_MARGIN - 4), SECOND_FOUR);
        return GROUPS == 1
                ? eight
                : eight.blend(FloatVector.fromArray(F32, table, entry2 * 4 + FOURS_MARGIN - 8), THIRD_FOUR)
                        .blend(FloatVector.fromArray(F32, table, entry3 * 4), FOURTH_FOUR);
    }

    private static void store(FloatVector grid, FloatVector signs, float scale, MemorySegment dense, long to) {
        grid.mul(signs).mul(scale).intoMemorySegment(dense, to, Lanes.LE);
    }

    static void iq2_xxs(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount) {
        for (long block = 0; block < blockCount; block++, from += 66) {
            float d = half(blocks, from);
            long codes = from + 2;
            for (int subs = passes(8); subs != 0; subs >>= 1, codes += 8) {
                int entries = word(blocks, codes);
                int signs = word(blocks, codes + 4);
                float scale = d * (0.5f + (signs >>> 28)) * 0.25f;
                for (int l = 0; l < 4; l += GROUPS, to += VECTOR_BYTES) {
                    FloatVector grid = eights(IQ2_XXS, entries & 0xFF, entries >>> 8 & 0xFF);
                    store(grid, eights(EVEN_SIGNS, signs & 127, signs >>> 7 & 127), scale, dense, to);
                    entries >>>= 8 * GROUPS;
                    signs >>>= 7 * GROUPS;
                }
            }
        }
    }

    static void iq2_xs(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount) {
        for (long block = 0; block < blockCount; block++, from += 74) {
            float d = half(blocks, from);
            long scales = doubleWord(blocks, from + 66);
            long codes = from + 2;
            for (int pairs = passes(16); pairs != 0; pairs >>= 1, codes += 4) {
                float scale = d * (0.5f + (scales & 0xF)) * 0.25f;
                scales >>>= 4;
                int indices = word(blocks, codes);
                for (int l = 0; l < 2; l += GROUPS, to += VECTOR_BYTES) {
                    FloatVector grid = eights(IQ2_XS, indices & 511, indices >>> 16 & 511);
                    store(grid, eights(EVEN_SIGNS, indices >>> 9 & 127, indices >>> 25), scale, dense, to);
                    indices >>>= 16;
                }
            }
        }
    }

    static void iq2_s(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount) {
        for (long block = 0; block < blockCount; block++, from += 82) {
            float d = half(blocks, from);
            long scales = doubleWord(blocks, from + 74);
            long high = doubleWord(blocks, from + 66);
            long codes = from + 2;
            for (int pairs = passes(16); pairs != 0; pairs >>= 1, codes += 2) {
                float scale = d * (0.5f + (scales & 0xF)) * 0.25f;
                scales >>>= 4;
                int entries = unsignedShort(blocks, codes);
                int signs = unsignedShort(blocks, codes + 32);
                for (int l = 0; l < 2; l += GROUPS, to += VECTOR_BYTES) {
                    int entry0 = entries & 0xFF | ((int) high & 3) << 8;
                    int entry1 = entries >>> 8 | ((int) high & 12) << 6;
                    FloatVector grid = eights(IQ2_S, entry0, entry1);
                    store(grid, eights(SIGNS, signs & 0xFF, signs >>> 8), scale, dense, to);
                    entries >>>= 8;
                    signs >>>= 8;
                    high >>>= 2 * GROUPS;
                }
            }
        }
    }

    static void iq3_xxs(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount) {
        for (long block = 0; block < blockCount; block++, from += 98) {
            float d = half(blocks, from);
            long codes = from + 2;
            long signWords = from + 66;
            for (int subs = passes(8); subs != 0; subs >>= 1, codes += 8, signWords += 4) {
                int signs = word(blocks, signWords);
                float scale = d * (0.5f + (signs >>> 28)) * 0.5f;
                long entries = doubleWord(blocks, codes);
                for (int l = 0; l < 4; l += GROUPS, to += VECTOR_BYTES) {
                    int four = (int) entries;
                    FloatVector grid = fours(IQ3_XXS, four & 0xFF, four >>> 8 & 0xFF, four >>> 16 & 0xFF, four >>> 24);
                    store(grid, eights(EVEN_SIGNS, signs & 127, signs >>> 7 & 127), scale, dense, to);
                    entries >>>= 16 * GROUPS;
                    signs >>>= 7 * GROUPS;
                }
            }
        }
    }

    static void iq3_s(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount) {
        for (long block = 0; block < blockCount; block++, from += 110) {
            float d = half(blocks, from);
            int scales = word(blocks, from + 106);
            long codes = from + 2;
            long highs = from + 66;
            long signWords = from + 74;
            for (int subs = passes(8); subs != 0; subs >>= 1, codes += 8, highs++, signWords += 4) {
                float scale = d * (1 + 2 * (scales & 0xF));
                scales >>>= 4;
                int high = unsignedByte(blocks, highs);
                int signs = word(blocks, signWords);
                long entries = doubleWord(blocks, codes);
                for (int l = 0; l < 4; l += GROUPS, to += VECTOR_BYTES) {
                    int four = (int) entries;
                    FloatVector grid = fours(
                            IQ3_S,
                            four & 0xFF | (high & 1) << 8,
                            four >>> 8 & 0xFF | (high & 2) << 7,
                            four >>> 16 & 0xFF | (high & 4) << 6,
                            four >>> 24 | (high & 8) << 5);
                    store(grid, eights(SIGNS, signs & 0xFF, signs >>> 8 & 0xFF), scale, dense, to);
                    entries >>>= 16 * GROUPS;
                    signs >>>= 8 * GROUPS;
                    high >>>= 2 * GROUPS;
                }
            }
        }
    }

    static void iq1_s(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount) {
        for (long block = 0; block < blockCount; block++, from += 50) {
            float d = half(blocks, from);
            long codes = from + 2;
            long highs = from + 34;
            for (int subs = passes(8); subs != 0; subs >>= 1, codes += 4, highs += 2) {
                int high = unsignedShort(blocks, highs);
                float scale = d * (2 * (high >> 12 & 7) + 1);
                float delta = (high & 0x8000) == 0 ? IQ1_DELTA : -IQ1_DELTA;
                int entries = word(blocks, codes);
                for (int l = 0; l < 4; l += GROUPS, to += VECTOR_BYTES) {
                    int entry0 = entries & 0xFF | (high & 7) << 8;
                    int entry1 = entries >>> 8 & 0xFF | (high >> 3 & 7) << 8;
                    eights(IQ1, entry0, entry1).add(delta).mul(scale).intoMemorySegment(dense, to, Lanes.LE);
                    entries >>>= 8 * GROUPS;
                    high >>>= 3 * GROUPS;
                }
            }
        }
    }

    static void iq1_m(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount) {
        for (long block = 0; block < blockCount; block++, from += 56) {
            long scales = doubleWord(blocks, from + 48);
            float d = Float.float16ToFloat(PackedScales.iq1_m(scales));
            long codes = from;
            long highs = from + 32;
            int shift = 0; // three bits per scale, four scales in each of the four words
            for (int pairs = passes(16); pairs != 0; pairs >>= 1, codes += 2, highs++) {
                int s = (int) (scales >>> shift) & 7;
                shift += (shift & 15) == 9 ? 7 : 3;
                float scale = d * (2 * s + 1);
                int high = unsignedByte(blocks, highs);
                int entries = unsignedShort(blocks, codes);
                for (int l = 0; l < 2; l += GROUPS, to += VECTOR_BYTES) {
                    float delta0 = (high & 0x08) == 0 ? IQ1_DELTA : -IQ1_DELTA;
                    float delta1 = (high & 0x80) == 0 ? IQ1_DELTA : -IQ1_DELTA;
                    FloatVector delta = FloatVector.broadcast(F32, delta0).blend(delta1, SECOND_EIGHT);
                    int entry0 = entries & 0xFF | (high & 7) << 8;
                    int entry1 = entries >>> 8 | (high & 0x70) << 4;
                    eights(IQ1, entry0, entry1).add(delta).mul(scale).intoMemorySegment(dense, to, Lanes.LE);
                    entries >>>= 8;
                    high >>>= 4;
                }
            }
        }
    }
}
