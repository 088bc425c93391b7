package dev.ffmstore.internal.measure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.ffmstore.DType;
import dev.ffmstore.fixtures.Tensors;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class StatisticsTest {
    private static Statistics.OfTensor of(DType dtype, double... values) throws Exception {
        return all(new Tensors().addValues("t", dtype, values), 2).getFirst();
    }

    private static List<Statistics.OfTensor> all(Tensors tensors, int threads) throws Exception {
        return Statistics.of(tensors.source(), tensors.source().tensors(), threads, done -> {});
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "F16", "BF16", "F64", "I8", "I16", "I32", "I64"})
    void describesEveryType(DType dtype) throws Exception {
        Statistics.OfTensor found = of(dtype, 4, -2, 0, 2);
        assertThat(found.moments().elements()).isEqualTo(4);
        assertThat(found.moments().min()).isEqualTo(-2);
        assertThat(found.moments().max()).isEqualTo(4);
        assertThat(found.moments().mean()).isEqualTo(1);
        assertThat(found.moments().deviation()).isEqualTo(Math.sqrt(5));
        assertThat(found.moments().zeros()).isEqualTo(1);
        List<Long> counts = found.histogram().counts();
        assertThat(counts).hasSize(Histogram.BINS);
        assertThat(counts.getFirst()).isEqualTo(1);
        assertThat(counts.get(Histogram.BINS / 3)).isEqualTo(1);
        assertThat(counts.get(Histogram.BINS * 2 / 3)).isEqualTo(1);
        assertThat(counts.getLast()).isEqualTo(1);
    }

    @ParameterizedTest
    @EnumSource(names = {"U8", "U16", "U32", "U64"})
    void takesUnsignedIntegersAsSuch(DType dtype) throws Exception {
        byte[] bytes = new byte[2 * dtype.byteSize()];
        Arrays.fill(bytes, 0, dtype.byteSize(), (byte) 0xFF);
        Moments found =
                all(new Tensors().add("t", dtype, bytes, 2), 1).getFirst().moments();
        assertThat(found.max()).isEqualTo(Math.scalb(1.0, 8 * dtype.byteSize()) - 1);
        assertThat(found.min()).isZero();
        assertThat(found.zeros()).isEqualTo(1);
    }

    @Test
    void takesBoolsAndEightBitFloatsAsNumbers() throws Exception {
        Moments bools = of(DType.BOOL, 0, 1, 1, 0).moments();
        assertThat(bools.mean()).isEqualTo(0.5);
        byte[] bytes = {0x38, (byte) 0xB8, 0x7F, 0x7E}; // 1, -1, NaN, 448
        Moments floats = all(new Tensors().add("t", DType.F8_E4M3, bytes, 4), 1)
                .getFirst()
                .moments();
        assertThat(floats.nans()).isEqualTo(1);
        assertThat(floats.max()).isEqualTo(448);
        assertThat(floats.min()).isEqualTo(-1);
        for (DType dtype : DType.values()) {
            assertThat(Statistics.canMeasure(dtype))
                    .isEqualTo(!List.of(DType.C64, DType.F4, DType.F6_E2M3, DType.F6_E3M2)
                            .contains(dtype));
        }
    }

    @Test
    void leavesOutWhatIsNotFinite() throws Exception {
        Moments found = of(DType.F32, Double.NaN, 1, Double.POSITIVE_INFINITY, 3, Double.NEGATIVE_INFINITY, -0.0, 0.0)
                .moments();
        assertThat(found.elements()).isEqualTo(7);
        assertThat(found.finite()).isEqualTo(4);
        assertThat(found.nans()).isEqualTo(1);
        assertThat(found.positiveInfinities()).isEqualTo(1);
        assertThat(found.negativeInfinities()).isEqualTo(1);
        assertThat(found.zeros()).isEqualTo(2);
        assertThat(found.min()).isEqualTo(0.0);
        assertThat(1 / found.min()).isPositive(); // zero has no sign here
        assertThat(found.max()).isEqualTo(3);
        assertThat(found.mean()).isEqualTo(1);
        assertThat(found.deviation()).isEqualTo(Math.sqrt(1.5));
    }

    @Test
    void knowsNothingOfNothing() throws Exception {
        for (Statistics.OfTensor found : List.of(of(DType.F32), of(DType.F16, Double.NaN))) {
            assertThat(found.moments().min()).isNaN();
            assertThat(found.moments().max()).isNaN();
            assertThat(found.moments().mean()).isNaN();
            assertThat(found.moments().deviation()).isNaN();
            assertThat(found.histogram().counts()).containsOnly(0L);
        }
    }

    @Test
    void aConstantTensorHasNoDeviation() throws Exception {
        double[] values = new double[3 * Elements.RUN + 1];
        Arrays.fill(values, 0.1f);
        Statistics.OfTensor found = of(DType.F32, values);
        assertThat(found.moments().mean()).isEqualTo(0.1f);
        assertThat(found.moments().deviation()).isZero();
        assertThat(found.histogram().counts().getFirst()).isEqualTo(values.length);
    }

    @Test
    void aMeanFarFromZeroCostsTheDeviationNothing() throws Exception {
        double[] values = new double[100_000];
        Arrays.setAll(values, i -> 1e9 + i % 2);
        Moments found = of(DType.F64, values).moments();
        assertThat(found.mean()).isEqualTo(1e9 + 0.5);
        assertThat(found.deviation()).isCloseTo(0.5, within(1e-12));
    }

    @Test
    void extremesOfDoublesDoNotOverflowTheMean() throws Exception {
        double huge = Double.MAX_VALUE;
        Statistics.OfTensor found = of(DType.F64, huge, huge, huge, -huge);
        assertThat(found.moments().mean()).isCloseTo(huge / 2, within(huge * 1e-9));
        assertThat(found.histogram().counts().getFirst()).isEqualTo(1);
        assertThat(found.histogram().counts().getLast()).isEqualTo(3);
    }

    @Test
    void subnormalsAreSpreadToo() throws Exception {
        Statistics.OfTensor found = of(DType.F64, 0, Double.MIN_VALUE, 2 * Double.MIN_VALUE, 4 * Double.MIN_VALUE);
        List<Long> counts = found.histogram().counts();
        assertThat(counts.getFirst()).isEqualTo(1);
        assertThat(counts.get(16)).isEqualTo(1);
        assertThat(counts.get(32)).isEqualTo(1);
        assertThat(counts.getLast()).isEqualTo(1);
        assertThat(of(DType.F32, Float.MIN_VALUE, 0).moments().max()).isEqualTo(Float.MIN_VALUE);
    }

    @Test
    void largeTensorsGiveTheSameToTheLastBitWhateverTheThreads() throws Exception {
        Random random = new Random(2);
        double[] values = random.doubles(40 * Chunks.TILE + 4711)
                .map(value -> (float) (random.nextGaussian() + 10 * value))
                .toArray();
        Tensors source = new Tensors()
                .addValues("first", DType.F32, values)
                .addValues("second", DType.F16, Arrays.copyOf(values, 99_999));
        List<Statistics.OfTensor> one = all(source, 1);
        assertThat(all(source, 3)).isEqualTo(one);
        assertThat(all(source, 7)).isEqualTo(one);

        BigDecimal sum = Arrays.stream(values).mapToObj(BigDecimal::new).reduce(BigDecimal.ZERO, BigDecimal::add);
        double mean = sum.divide(BigDecimal.valueOf(values.length), MathContext.DECIMAL128)
                .doubleValue();
        double squares = Arrays.stream(values).map(x -> (x - mean) * (x - mean)).sum();
        Moments found = one.getFirst().moments();
        assertThat(found.mean()).isCloseTo(mean, within(Math.abs(mean) * 1e-14));
        assertThat(found.deviation()).isCloseTo(Math.sqrt(squares / values.length), within(1e-13));
        assertThat(found.min()).isEqualTo(Arrays.stream(values).min().orElseThrow());
        assertThat(found.max()).isEqualTo(Arrays.stream(values).max().orElseThrow());
        assertThat(total(one.getFirst().histogram())).isEqualTo(values.length);
    }

    @Property(tries = 300)
    void countsAreThoseOfAPlainLoop(@ForAll @Size(min = 1, max = 40) float[] values) throws Exception {
        double[] doubles = new double[values.length];
        Arrays.setAll(doubles, i -> values[i]);
        Statistics.OfTensor found = of(DType.F32, doubles);
        double[] finite = Arrays.stream(doubles).filter(Double::isFinite).toArray();
        assertThat(found.moments().elements()).isEqualTo(values.length);
        assertThat(found.moments().finite()).isEqualTo(finite.length);
        assertThat(total(found.histogram())).isEqualTo(finite.length);
        if (finite.length > 0) {
            double min = Arrays.stream(finite).min().orElseThrow();
            double max = Arrays.stream(finite).max().orElseThrow();
            double mean = Arrays.stream(finite).average().orElseThrow();
            assertThat(found.moments().min()).isEqualTo(min + 0.0);
            assertThat(found.moments().max()).isEqualTo(max + 0.0);
            assertThat(found.moments().mean()).isCloseTo(mean, within((max - min) * 1e-12 + Math.abs(mean) * 1e-12));
            assertThat(found.histogram().counts().getFirst()).isPositive();
        }
    }

    private static long total(Histogram histogram) {
        return histogram.counts().stream().flatMapToLong(LongStream::of).sum();
    }
}
