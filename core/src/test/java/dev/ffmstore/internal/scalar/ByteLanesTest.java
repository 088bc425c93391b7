package dev.ffmstore.internal.scalar;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.function.IntUnaryOperator;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/// What is done to eight bytes at once is what would be done to each alone.
class ByteLanesTest {
    private static int lane(long bytes, int lane) {
        return (byte) (bytes >>> 8 * lane);
    }

    /// A word whose byte `lane` is a function of `lane`.
    private static long lanes(IntUnaryOperator value) {
        long bytes = 0;
        for (int lane = 0; lane < 8; lane++) {
            bytes |= (value.applyAsInt(lane) & 0xFFL) << 8 * lane;
        }
        return bytes;
    }

    @Property
    void takesNibblesPairsAndBits(
            @ForAll long bytes, @ForAll @IntRange(max = 6) int pair, @ForAll @IntRange(max = 7) int bit) {
        assertThat(ByteLanes.low(bytes)).isEqualTo(lanes(lane -> lane(bytes, lane) & 0xF));
        assertThat(ByteLanes.high(bytes)).isEqualTo(lanes(lane -> lane(bytes, lane) >> 4 & 0xF));
        assertThat(ByteLanes.pairs(bytes, pair)).isEqualTo(lanes(lane -> lane(bytes, lane) >> pair & 3));
        assertThat(ByteLanes.bits(bytes, bit)).isEqualTo(lanes(lane -> lane(bytes, lane) >> bit & 1));
    }

    @Property
    void spreadsBitsAndPairs(@ForAll int bits) {
        assertThat(ByteLanes.repeat(bits)).isEqualTo(lanes(lane -> bits));
        assertThat(ByteLanes.spread(bits)).isEqualTo(lanes(lane -> bits >> lane & 1));
        assertThat(ByteLanes.spreadPairs(bits)).isEqualTo(lanes(lane -> bits >> 2 * lane & 3));
    }

    @Property
    void subtractsWithoutBorrowingFromTheNextByte(
            @ForAll long any, @ForAll @IntRange(max = Byte.MAX_VALUE) int subtrahend) {
        long bytes = any & 0x7F7F7F7F7F7F7F7FL;
        assertThat(ByteLanes.minus(bytes, subtrahend)).isEqualTo(lanes(lane -> lane(bytes, lane) - subtrahend));
    }

    @Property
    void negatesTheBytesItIsToldTo(@ForAll long any, @ForAll int negative) {
        long bytes = lanes(lane -> lane(any, lane) == 0 ? 1 : lane(any, lane));
        assertThat(ByteLanes.negate(bytes, ByteLanes.spread(negative)))
                .isEqualTo(lanes(lane -> (negative >> lane & 1) == 0 ? lane(bytes, lane) : -lane(bytes, lane)));
    }
}
