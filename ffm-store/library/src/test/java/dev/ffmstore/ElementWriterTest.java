package dev.ffmstore;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.gguf.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ElementWriterTest {
    private static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    static TensorSlot slot(DType dtype, float storedOffset, long count) {
        return new TensorSlot(
                "t",
                Shape.of(count),
                dtype,
                0,
                count * dtype.byteSize(),
                List.of(Share.whole(
                        new StoredTensor("t", GgmlType.F32, Shape.of(count), 0, 0, count * Float.BYTES),
                        Optional.empty())),
                storedOffset,
                Optional.empty());
    }

    private static short[] written(DType dtype, float[] values) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment tile = arena.allocate((long) values.length * Float.BYTES);
            MemorySegment target = arena.allocate((long) values.length * Short.BYTES);
            MemorySegment.copy(values, 0, tile, F32, 0, values.length);
            new ElementWriter().write(tile, 0, values.length, slot(dtype, 0, values.length), target, 0);
            short[] halves = new short[values.length];
            MemorySegment.copy(target, U16, 0, halves, 0, halves.length);
            return halves;
        }
    }

    private static void requireRounded(DType dtype, float[] values) {
        SlowRounding slow = SlowRounding.to(dtype);
        short[] halves = written(dtype, values);
        for (int i = 0; i < values.length; i++) {
            int got = Short.toUnsignedInt(halves[i]);
            if (Float.isNaN(values[i])) {
                assertThat(slow.isNaN(got)).as("%s of a NaN: %04x", dtype, got).isTrue();
            } else if (got != slow.bits(values[i])) {
                assertThat(got)
                        .as("%s of %s (%08x)", dtype, values[i], Float.floatToRawIntBits(values[i]))
                        .isEqualTo(slow.bits(values[i]));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F16", "BF16"})
    void roundsAllFloatsToTheNearest(DType dtype) {
        SplittableRandom random = new SplittableRandom(42);
        float[] values = new float[1 << 20];
        for (int i = 0; i < values.length; i++) {
            values[i] = Float.intBitsToFloat(random.nextInt());
        }
        requireRounded(dtype, values);
    }

    /// Every value of the type, what lies half-way to the next, and the floats beside both.
    @ParameterizedTest
    @EnumSource(names = {"F16", "BF16"})
    void roundsTiesToEvenAndKeepsWhatItHas(DType dtype) {
        SlowRounding slow = SlowRounding.to(dtype);
        float[] values = new float[6 * 0x1_0000];
        int count = 0;
        for (int bits = 0; bits < 0x1_0000; bits++) {
            if (slow.isNaN(bits)) {
                continue;
            }
            float value = slow.value(bits);
            int nextBits = bits + 1;
            double next = slow.isNaN(nextBits) ? value : slow.value(nextBits);
            float halfWay = (float) ((value + next) / 2);
            float[] around = {
                value, Math.nextUp(value), Math.nextDown(value), halfWay, Math.nextUp(halfWay), Math.nextDown(halfWay)
            };
            System.arraycopy(around, 0, values, count, around.length);
            count += around.length;
        }
        requireRounded(dtype, Arrays.copyOf(values, count));
    }

    @Test
    void knowsTheEdges() {
        assertThat(written(
                        DType.F16, new float[] {65519.99f, 65520, -65520, 1e30f, 0x1p-24f, 0x1p-25f, 0x1.8p-24f, -0f}))
                .containsExactly(0x7BFF, 0x7C00, (short) 0xFC00, 0x7C00, 0x0001, 0x0000, 0x0002, (short) 0x8000);
        assertThat(written(DType.BF16, new float[] {
                    Float.MAX_VALUE, -Float.MAX_VALUE, Float.MIN_VALUE, 0x1p-133f, 0x1p-134f, 0x1.8p-133f, -0f
                }))
                .containsExactly(0x7F80, (short) 0xFF80, 0x0000, 0x0001, 0x0000, 0x0002, (short) 0x8000);
    }

    @ParameterizedTest
    @EnumSource(names = {"F16", "BF16"})
    void keepsNaNsOfAnyBits(DType dtype) {
        int[] bits = {0x7F80_0001, 0x7FFF_FFFF, 0xFF80_0001, 0xFFFF_FFFF, 0x7FC0_0000, 0x7F80_8000, 0xFF80_FFFF};
        float[] values = new float[bits.length];
        for (int i = 0; i < bits.length; i++) {
            values[i] = Float.intBitsToFloat(bits[i]);
        }
        short[] halves = written(dtype, values);
        for (int i = 0; i < bits.length; i++) {
            int got = Short.toUnsignedInt(halves[i]);
            assertThat(SlowRounding.to(dtype).isNaN(got))
                    .as("%08x became %04x", bits[i], got)
                    .isTrue();
            assertThat(got & 0x8000).isEqualTo(bits[i] < 0 ? 0x8000 : 0);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 4095, 4096, 4097, 9000})
    void takesOffTheOffsetAndTouchesNothingElse(int count) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment tile = arena.allocate((count + 3L) * Float.BYTES);
            for (int i = 0; i < count + 3; i++) {
                tile.setAtIndex(F32, i, i * 0.25f - 3);
            }
            for (DType dtype : new DType[] {DType.F32, DType.F16, DType.BF16}) {
                MemorySegment target =
                        arena.allocate(16 + (long) count * dtype.byteSize()).fill((byte) 0x55);
                new ElementWriter().write(tile, 2, count, slot(dtype, 1, count), target, 5);
                for (int i = 0; i < count; i++) {
                    float expected = (i + 2) * 0.25f - 3 - 1;
                    if (dtype == DType.F32) {
                        assertThat(target.get(F32, 5 + i * 4L)).isEqualTo(expected);
                    } else {
                        assertThat(Short.toUnsignedInt(target.get(U16, 5 + i * 2L)))
                                .isEqualTo(SlowRounding.to(dtype).bits(expected));
                    }
                }
                long end = 5 + (long) count * dtype.byteSize();
                for (long at = 0; at < target.byteSize(); at++) {
                    if (at < 5 || at >= end) {
                        assertThat(target.get(ValueLayout.JAVA_BYTE, at)).isEqualTo((byte) 0x55);
                    }
                }
            }
        }
    }
}
