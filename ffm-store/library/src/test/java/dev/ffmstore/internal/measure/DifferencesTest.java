package dev.ffmstore.internal.measure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.ffmstore.DType;
import dev.ffmstore.TensorSlot;
import dev.ffmstore.TensorSource;
import dev.ffmstore.fixtures.Tensors;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class DifferencesTest {
    private static final double NAN = Double.NaN;
    private static final double INF = Double.POSITIVE_INFINITY;
    private static final Tolerance EXACT = new Tolerance.Exact();

    /// A tensor in a model of its own.
    private record One(TensorSource source, TensorSlot tensor) {
        static One of(DType dtype, double... values) {
            return of(new Tensors().addValues("t", dtype, values));
        }

        static One of(Tensors tensors) {
            return new One(tensors.source(), tensors.source().tensors().getFirst());
        }
    }

    private Difference between(One ofA, One ofB, Tolerance tolerance) throws Exception {
        return between(ofA, ofB, tolerance, 2);
    }

    private Difference between(One ofA, One ofB, Tolerance tolerance, int threads) throws Exception {
        List<Difference> differences = Differences.between(
                ofA.source(),
                ofB.source(),
                List.of(new Differences.Pair(ofA.tensor(), ofB.tensor())),
                tolerance,
                threads,
                done -> {});
        return differences.getFirst();
    }

    private Difference floats(Tolerance tolerance, double[] ofA, double[] ofB) throws Exception {
        return between(One.of(DType.F32, ofA), One.of(DType.F32, ofB), tolerance);
    }

    private static double[] all(double... values) {
        return values;
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "F16", "BF16", "F64", "I8", "I16", "I32", "I64"})
    void aTensorDoesNotDifferFromItself(DType dtype) throws Exception {
        double[] values = {1, -2, 0, 3, 100};
        Difference same = between(One.of(dtype, values), One.of(dtype, values), EXACT);
        assertThat(same.elements()).isEqualTo(5);
        assertThat(same.bitsDiffering()).isZero();
        assertThat(same.maxAbs()).isZero();
        assertThat(same.maxRel()).isZero();
        assertThat(same.worst()).isEmpty();
        assertThat(same.cosine()).hasValue(1);
        assertThat(EXACT.allows(same)).isTrue();
    }

    private static One ofBytes(DType dtype, int elements, int... bytes) {
        byte[] dense = new byte[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            dense[i] = (byte) bytes[i];
        }
        return One.of(new Tensors().add("t", dtype, dense, elements));
    }

    @Test
    void unsignedIntegersOf64BitsAreComparedExactly() throws Exception {
        One ofA = ofBytes(DType.U64, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF);
        One ofB = ofBytes(DType.U64, 1, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF);
        One ofC = ofBytes(DType.U64, 1, 0, 0, 0, 0, 0, 0, 0, 0);
        One minusOne = ofBytes(DType.I64, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF);
        assertThat(between(ofA, ofA, EXACT).bitsDiffering()).isZero();
        assertThat(between(ofA, ofB, EXACT).maxAbs()).isEqualTo(1);
        assertThat(between(ofB, ofA, EXACT).maxAbs()).isEqualTo(1);
        assertThat(between(ofA, ofC, EXACT).maxAbs()).isEqualTo(0x1p64);
        assertThat(between(ofA, minusOne, EXACT).bitsDiffering()).isEqualTo(1); // the same bits, other numbers
        assertThat(between(ofA, minusOne, EXACT).maxAbs()).isEqualTo(0x1p64);
        assertThat(between(minusOne, ofC, EXACT).maxAbs()).isEqualTo(1);
        assertThat(between(One.of(DType.U8, 200), One.of(DType.I16, 200), EXACT).bitsDiffering())
                .isZero();
        assertThat(between(One.of(DType.BOOL, 1), One.of(DType.F32, 1), EXACT).bitsDiffering())
                .isZero();
    }

    @Test
    void eightBitFloatsAreComparedByValue() throws Exception {
        One ofA = ofBytes(DType.F8_E4M3, 3, 0x38, 0x7F, 0x01);
        assertThat(between(ofA, One.of(DType.F32, 1, NAN, 0x1p-9), EXACT).bitsDiffering())
                .isZero();
        assertThat(between(ofBytes(DType.F8_E5M2, 2, 0x7C, 0x3C), One.of(DType.F32, INF, 1.5), EXACT)
                        .maxAbs())
                .isEqualTo(0.5);
        assertThat(between(ofBytes(DType.F8_E8M0, 1, 0), One.of(DType.F32, 0x1p-127), EXACT)
                        .bitsDiffering())
                .isZero();
    }

    @Test
    void elementsWithoutValuesDifferInTheirBits() throws Exception {
        Tolerance wide = new Tolerance.Within(1e300, 2);
        Difference halves = between(ofBytes(DType.F4, 4, 0x21, 0x43), ofBytes(DType.F4, 4, 0x21, 0x53), wide);
        assertThat(halves.elements()).isEqualTo(4);
        assertThat(halves.bitsDiffering()).isEqualTo(1);
        assertThat(halves.beyond()).isEqualTo(1);
        assertThat(halves.maxAbs()).isZero();
        assertThat(wide.allows(halves)).isFalse();
        Difference sixths = between(ofBytes(DType.F6_E2M3, 4, 1, 2, 3), ofBytes(DType.F6_E2M3, 4, 1, 2, 0xF3), EXACT);
        assertThat(sixths.elements()).isEqualTo(4);
        assertThat(sixths.bitsDiffering()).isEqualTo(1);
        One pair = ofBytes(DType.C64, 1, 1, 2, 3, 4, 5, 6, 7, 8);
        assertThat(between(pair, pair, EXACT).bitsDiffering()).isZero();
        assertThatThrownBy(() -> between(pair, One.of(DType.F32, 1), EXACT))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("types differ: C64 and F32");
    }

    @Test
    void findsTheLargestErrors() throws Exception {
        Difference found = floats(EXACT, all(1, 2, -4, 0, 8), all(1, 2.5, -4, 0.25, 9));
        assertThat(found.bitsDiffering()).isEqualTo(3);
        assertThat(found.beyond()).isEqualTo(3);
        assertThat(found.maxAbs()).isEqualTo(1);
        assertThat(found.worst()).hasValue(4);
        assertThat(found.maxRel()).isEqualTo(1); // 0 and 0.25
        double dot = 1 + 5 + 16 + 72;
        double cosine = dot / Math.sqrt(1 + 4 + 16 + 64) / Math.sqrt(1 + 6.25 + 16 + 0.0625 + 81);
        assertThat(found.cosine().orElseThrow()).isCloseTo(cosine, within(1e-15));
    }

    @Test
    void zerosOfBothSignsDifferInBitsAlone() throws Exception {
        Difference found = floats(EXACT, all(0.0, 1), all(-0.0, 1));
        assertThat(found.bitsDiffering()).isEqualTo(1);
        assertThat(found.maxAbs()).isZero();
        assertThat(found.maxRel()).isZero();
        assertThat(EXACT.allows(found)).isFalse();
        Tolerance none = new Tolerance.Within(0, 0);
        assertThat(none.allows(floats(none, all(0.0, 1), all(-0.0, 1)))).isTrue();
    }

    @Test
    void anyNanEqualsAnyOther() throws Exception {
        One ofA = One.of(new Tensors().addFloatBits("t", 0x7FC00000, 0xFFC00001, 0x7F800001, 0x3F800000));
        One ofB = One.of(new Tensors().addFloatBits("t", 0xFFFFFFFF, 0x7FC00000, 0x7FC00000, 0x3F800000));
        Difference found = between(ofA, ofB, EXACT);
        assertThat(found.bitsDiffering()).isZero();
        assertThat(found.nanMismatches()).isZero();
        assertThat(found.cosine()).hasValue(1); // of the one pair that is finite
        assertThat(EXACT.allows(found)).isTrue();
    }

    @Test
    void aNanOnOneSideIsBeyondEveryTolerance() throws Exception {
        Tolerance wide = new Tolerance.Within(1e300, 2);
        for (Difference found : List.of(floats(wide, all(NAN, 1), all(1, 1)), floats(wide, all(INF, 1), all(NAN, 1)))) {
            assertThat(found.nanMismatches()).isEqualTo(1);
            assertThat(found.bitsDiffering()).isEqualTo(1);
            assertThat(found.beyond()).isEqualTo(1);
            assertThat(found.maxAbs()).isZero();
            assertThat(wide.allows(found)).isFalse();
        }
    }

    @Test
    void infinitiesOfOneSignAreEqual() throws Exception {
        Difference found = floats(EXACT, all(INF, -INF, 2), all(INF, -INF, 2));
        assertThat(found.bitsDiffering()).isZero();
        assertThat(found.maxAbs()).isZero();
        assertThat(found.cosine()).hasValue(1);
    }

    @ParameterizedTest
    @CsvSource({"Infinity, -Infinity", "Infinity, 1", "0, -Infinity"})
    void otherInfinitiesAreBeyondEveryTolerance(double x, double y) throws Exception {
        Tolerance wide = new Tolerance.Within(1e300, 2);
        Difference found = floats(wide, all(1, x), all(2, y));
        assertThat(found.maxAbs()).isInfinite();
        assertThat(found.maxRel()).isInfinite();
        assertThat(found.worst()).hasValue(1);
        assertThat(found.beyond()).isEqualTo(1);
        assertThat(wide.allows(found)).isFalse();
    }

    @Test
    void finiteNumbersWhoseDistanceIsNotAreBeyond() throws Exception {
        One ofA = One.of(DType.F64, Double.MAX_VALUE);
        One ofB = One.of(DType.F64, -Double.MAX_VALUE);
        Difference found = between(ofA, ofB, new Tolerance.Within(1, 1));
        assertThat(found.maxAbs()).isInfinite();
        assertThat(found.beyond()).isEqualTo(1);
    }

    @Test
    void seesTheSmallestSubnormal() throws Exception {
        Difference found = floats(EXACT, all(Float.MIN_VALUE, 0), all(2 * Float.MIN_VALUE, 0));
        assertThat(found.maxAbs()).isEqualTo(Float.MIN_VALUE);
        assertThat(found.maxRel()).isEqualTo(0.5);
        assertThat(found.cosine().orElseThrow()).isCloseTo(1, within(1e-15));
        One ofA = One.of(DType.F64, Double.MIN_VALUE);
        One ofB = One.of(DType.F64, 0);
        assertThat(between(ofA, ofB, EXACT).maxAbs()).isEqualTo(Double.MIN_VALUE);
        assertThat(between(ofA, ofB, EXACT).cosine()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "0.5, 0, 1, 1.5, true",
        "0.4999, 0, 1, 1.5, false",
        "0, 0.25, 3, 4, true", // of the larger, whichever side it is on
        "0, 0.25, 4, 3, true",
        "0, 0.2499, 4, 3, false",
        "0.5, 0.125, 3, 4, true"
    })
    void tolerancesAddUp(double atol, double rtol, double x, double y, boolean allowed) throws Exception {
        Tolerance tolerance = new Tolerance.Within(atol, rtol);
        assertThat(tolerance.allows(floats(tolerance, all(x), all(y)))).isEqualTo(allowed);
    }

    @ParameterizedTest
    @ValueSource(doubles = {-1, Double.NaN, Double.POSITIVE_INFINITY})
    void aToleranceIsFiniteAndNotNegative(double value) {
        assertThatThrownBy(() -> new Tolerance.Within(value, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Tolerance.Within(0, value)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void typesAreWidenedToACommonOne() throws Exception {
        double[] values = {1, -0.5, 0.0078125, 65504};
        One half = One.of(DType.F16, values);
        assertThat(between(half, One.of(DType.F32, values), EXACT).bitsDiffering())
                .isZero();
        double[] whole = {1, -2, 127, 0};
        assertThat(between(One.of(DType.I8, whole), One.of(DType.BF16, whole), EXACT)
                        .bitsDiffering())
                .isZero();
        assertThat(between(One.of(DType.I16, whole), One.of(DType.I64, whole), EXACT)
                        .bitsDiffering())
                .isZero();
        assertThat(between(One.of(DType.F64, 0.1), One.of(DType.F32, 0.1), EXACT)
                        .bitsDiffering())
                .isEqualTo(1);
    }

    @Test
    void longsAreComparedWhereDoublesAreBlind() throws Exception {
        One ofA = One.of(new Tensors().addLongs("t", (1L << 53) + 1, Long.MAX_VALUE, 5));
        One ofB = One.of(new Tensors().addLongs("t", 1L << 53, Long.MIN_VALUE, 5));
        Difference found = between(ofA, ofB, EXACT);
        assertThat(found.bitsDiffering()).isEqualTo(2);
        assertThat(found.maxAbs()).isEqualTo(0x1p64);
        assertThat(found.worst()).hasValue(1);
        One close = One.of(new Tensors().addLongs("u", (1L << 53) + 3, Long.MAX_VALUE, 5));
        assertThat(between(ofA, close, EXACT).maxAbs()).isEqualTo(2);
    }

    @Test
    void emptyTensorsAreEqual() throws Exception {
        Difference found = floats(EXACT, all(), all());
        assertThat(found).isEqualTo(Difference.NONE);
        assertThat(found.cosine()).isEmpty();
        assertThat(EXACT.allows(found)).isTrue();
    }

    @Test
    void cosineOfZerosIsUnknownAndOfOppositesIsMinusOne() throws Exception {
        assertThat(floats(EXACT, all(0, 0), all(1, 2)).cosine()).isEmpty();
        assertThat(floats(EXACT, all(3, -1), all(-3, 1)).cosine()).hasValue(-1);
    }

    @Test
    void largeTensorsGiveTheSameToTheLastBitWhateverTheThreads() throws Exception {
        int size = 40 * Chunks.TILE + 4711;
        Random random = new Random(1);
        double[] x = random.doubles(size, -1, 1).map(value -> (float) value).toArray();
        double[] y = IntStream.range(0, size)
                .mapToDouble(i -> i % 1000 == 0 ? (float) (x[i] + random.nextGaussian() * 1e-3) : x[i])
                .toArray();
        One ofA = One.of(DType.F32, x);
        One ofB = One.of(DType.F32, y);
        Tolerance tolerance = new Tolerance.Within(1e-3, 0);
        Difference one = between(ofA, ofB, tolerance, 1);
        assertThat(between(ofA, ofB, tolerance, 3)).isEqualTo(one);
        assertThat(between(ofA, ofB, tolerance, 7)).isEqualTo(one);

        double maxAbs = 0;
        double maxRel = 0;
        int worst = -1;
        long beyond = 0;
        long bits = 0;
        double dot = 0;
        double xx = 0;
        double yy = 0;
        for (int i = 0; i < size; i++) {
            double gap = Math.abs(x[i] - y[i]);
            bits += x[i] == y[i] ? 0 : 1;
            beyond += gap > 1e-3 ? 1 : 0;
            worst = gap > maxAbs ? i : worst;
            maxAbs = Math.max(maxAbs, gap);
            maxRel = gap == 0 ? maxRel : Math.max(maxRel, gap / Math.max(Math.abs(x[i]), Math.abs(y[i])));
            dot += x[i] * y[i];
            xx += x[i] * x[i];
            yy += y[i] * y[i];
        }
        assertThat(beyond).isPositive();
        assertThat(one.elements()).isEqualTo(size);
        assertThat(one.bitsDiffering()).isEqualTo(bits);
        assertThat(one.beyond()).isEqualTo(beyond);
        assertThat(one.maxAbs()).isEqualTo(maxAbs);
        assertThat(one.maxRel()).isEqualTo(maxRel);
        assertThat(one.worst()).hasValue(worst);
        assertThat(one.cosine().orElseThrow()).isCloseTo(dot / Math.sqrt(xx * yy), within(1e-12));
    }

    @Test
    void otherShapesAreRefused() {
        One ofA = One.of(DType.F32, 1, 2);
        One ofB = One.of(DType.F32, 1);
        assertThatThrownBy(() -> new Differences.Pair(ofA.tensor(), ofB.tensor()))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
