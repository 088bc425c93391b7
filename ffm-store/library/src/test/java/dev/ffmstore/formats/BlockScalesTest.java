package dev.ffmstore.formats;

import static dev.ffmstore.formats.WeightFiles.field;
import static dev.ffmstore.formats.WeightFiles.safetensors;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ffmstore.DType;
import dev.ffmstore.DTypes;
import dev.ffmstore.LoadOptions;
import dev.ffmstore.Model;
import dev.ffmstore.ModelException;
import dev.ffmstore.TensorForm;
import dev.ffmstore.TensorPlan;
import dev.ffmstore.TensorReader;
import dev.ffmstore.TensorSource;
import dev.ffmstore.TensorStore;
import dev.ffmstore.ggml.Float8;
import dev.ffmstore.gguf.Shape;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Companion scales of weights of 8-bit floats: one factor for each block, row or tensor.
class BlockScalesTest {
    private static final TensorForm APPLY = TensorForm.dense().scales(TensorForm.Scales.APPLIED);

    @TempDir
    Path folder;

    private static long[] dimensions(String shape) {
        return shape.isEmpty()
                ? new long[0]
                : Arrays.stream(shape.split(" ")).mapToLong(Long::parseLong).toArray();
    }

    private static String json(long[] shape) {
        return Arrays.toString(shape);
    }

    private static byte[] weight(long[] shape) {
        byte[] bytes = new byte[(int) LongStream.of(shape).reduce(1, (a, b) -> a * b)];
        new Random(3).nextBytes(bytes);
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] &= (byte) 0xBF; // finite
        }
        return bytes;
    }

    private static float[] factors(long[] shape) {
        float[] factors = new float[(int) LongStream.of(shape).reduce(1, (a, b) -> a * b)];
        Random random = new Random(5);
        for (int i = 0; i < factors.length; i++) {
            factors[i] = random.nextFloat() * 3 - 1;
        }
        return factors;
    }

    private Path write(String scaleName, long[] weightShape, byte[] weight, long[] scaleShape, byte[] scale)
            throws IOException {
        byte[] data = new byte[weight.length + scale.length];
        System.arraycopy(weight, 0, data, 0, weight.length);
        System.arraycopy(scale, 0, data, weight.length, scale.length);
        String type = scale.length == LongStream.of(scaleShape).reduce(1, (a, b) -> a * b) ? "F8_E8M0" : "F32";
        return Files.write(
                folder.resolve("model.safetensors"),
                safetensors(
                        "{" + field("up.weight", "F8_E4M3", json(weightShape), 0, weight.length) + ","
                                + field(scaleName, type, json(scaleShape), weight.length, data.length) + "}",
                        data));
    }

    /// The element's factor, by its coordinates.
    private static int factorOf(int element, long[] weight, long[] block, long[] scale) {
        long rest = element;
        long[] at = new long[weight.length];
        for (int i = weight.length - 1; i >= 0; i--) {
            at[i] = rest % weight[i];
            rest /= weight[i];
        }
        long factor = 0;
        long[] grid = new long[weight.length];
        for (int i = 0; i < weight.length; i++) {
            grid[i] = (weight[i] + block[i] - 1) / block[i];
            factor = factor * grid[i] + at[i] / block[i];
        }
        assertThat(LongStream.of(grid).reduce(1, (a, b) -> a * b))
                .isEqualTo(LongStream.of(scale).reduce(1, (a, b) -> a * b));
        return (int) factor;
    }

    @ParameterizedTest
    @CsvSource({
        "up.weight_scale_inv, 300 200, 3 2, 128 128", // cut blocks at both ends
        "up.weight_scale_inv, 256 384, 2 3, 128 128",
        "up.weight_scale_inv, 5 7, 1 1, 5 7",
        "up.weight_scale_inv, 8 12, 4 3, 2 4", // another size, which the shapes tell
        "up.weight_scale_inv, 64 256, 64 2, 1 128", // groups of a row
        "up.weight_scale_inv, 2 130 260, 2 2 3, 1 128 128", // stacked experts
        "up.weight_scale_inv, 4 3 5, 4 1 1, 1 3 5",
        "up.weight_scale, 300 200, 300 1, 1 200", // rows
        "up.weight_scale, 300 200, 300, 1 200",
        "up.weight_scale, 300 200, '', 300 200", // the whole
        "up.weight_scale, 300 200, 1, 300 200",
        "up.weight_scale, 3 4 5, 3, 1 4 5",
        "up.weight_scale, 300, 3, 128",
        "up.scale, 300 200, 3 2, 128 128",
        "up.weight.scale, 300 200, 1, 300 200",
        "up.weight_scale, 2 150000, 2 2500, 1 60" // more factors than are held at a time
    })
    void multiplyEveryElementByTheFactorOfItsBlock(String name, String ofWeight, String ofScale, String ofBlock)
            throws IOException {
        long[] shape = dimensions(ofWeight);
        long[] scaleShape = dimensions(ofScale);
        byte[] weight = weight(shape);
        float[] factors = factors(scaleShape);
        ByteBuffer expected = ByteBuffer.allocate(weight.length * 4).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < weight.length; i++) {
            int factor = factorOf(i, shape, dimensions(ofBlock), scaleShape);
            expected.putFloat(Float8.E4M3.toFloat(weight[i]) * factors[factor]);
        }
        Path path = write(name, shape, weight, scaleShape, WeightFiles.floats(factors));
        try (Model model = Model.open(path)) {
            assertThat(model.companions()).singleElement().satisfies(companion -> {
                assertThat(companion.problem()).isEmpty();
                assertThat(companion.block()).contains(Shape.of(dimensions(ofBlock)));
                assertThat(companion.scale().name()).isEqualTo(name);
            });
            assertThat(TensorPlan.of(model, TensorForm.dense()).unscaled()).containsExactly("up.weight");
            TensorSource source = TensorSource.of(model, APPLY);
            assertThat(source.plan().unscaled()).isEmpty();
            try (TensorReader reader = source.reader()) {
                byte[] all = expected.array();
                Random random = new Random(7);
                for (int i = 0; i < 50; i++) {
                    int from = i == 0 ? 0 : random.nextInt(all.length);
                    int to = i == 0 ? all.length : from + random.nextInt(Math.min(5000, all.length - from) + 1);
                    byte[] range = new byte[to - from];
                    reader.read(source.tensor("up.weight"), from, MemorySegment.ofArray(range));
                    assertThat(range).isEqualTo(Arrays.copyOfRange(all, from, to));
                }
            }
            try (TensorStore store =
                    TensorStore.load(model, APPLY, LoadOptions.defaults().threads(2))) {
                assertThat(store.tensor("up.weight").segment().toArray(ValueLayout.JAVA_BYTE))
                        .isEqualTo(expected.array());
                assertThat(store.report().scaledTensors()).isEqualTo(1);
            }
            try (TensorStore store =
                    TensorStore.load(model, APPLY.dtypes(DTypes.all(DType.F16)), LoadOptions.defaults())) {
                short[] halves = store.tensor("up.weight")
                        .segment()
                        .toArray(ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN));
                for (int i = 0; i < halves.length; i++) {
                    assertThat(halves[i]).isEqualTo(Float.floatToFloat16(expected.getFloat(4 * i)));
                }
            }
        }
    }

    @Test
    void mayBePowersOfTwo() throws IOException {
        long[] shape = {130, 3};
        byte[] weight = weight(shape);
        Path path = write("up.weight_scale_inv", shape, weight, new long[] {2, 1}, new byte[] {126, (byte) 130});
        try (Model model = Model.open(path);
                TensorStore store = TensorStore.load(model, APPLY, LoadOptions.defaults())) {
            float[] got = store.tensor("up.weight")
                    .segment()
                    .toArray(ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN));
            for (int i = 0; i < got.length; i++) {
                assertThat(got[i]).isEqualTo(Float8.E4M3.toFloat(weight[i]) * (i < 128 * 3 ? 0.5f : 8));
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"300 200, 7 2", "300 200, 3 3", "300 200, 7", "300 200, 2 3 2", "4 3 5, 3 1 1", "300 200, 0 2"})
    void areRefusedIfTheirShapeDoesNotFit(String ofWeight, String ofScale) throws IOException {
        long[] shape = dimensions(ofWeight);
        long[] scaleShape = dimensions(ofScale);
        Path path =
                write("up.weight_scale_inv", shape, weight(shape), scaleShape, WeightFiles.floats(factors(scaleShape)));
        try (Model model = Model.open(path)) {
            assertThat(TensorPlan.of(model, TensorForm.dense()).unscaled()).containsExactly("up.weight");
            assertThatThrownBy(() -> TensorPlan.of(model, APPLY))
                    .isInstanceOf(ModelException.class)
                    .hasMessageStartingWith(path + ": tensor up.weight: companion scale up.weight_scale_inv: expected 1"
                            + " element, or one for each row or block of " + Shape.of(shape));
        }
    }

    @Test
    void cannotBeAppliedToWhatStaysAsItIs() throws IOException {
        long[] shape = {4, 4};
        Path path = write("up.weight_scale", shape, weight(shape), new long[] {1}, WeightFiles.floats(2));
        try (Model model = Model.open(path)) {
            assertThatThrownBy(() -> TensorPlan.of(model, APPLY.dtypes(DTypes.stored())))
                    .isInstanceOf(ModelException.class)
                    .hasMessageContaining("tensor up.weight")
                    .hasMessageEndingWith("expected F32, F16 or BF16, got F8_E4M3");
            assertThat(TensorPlan.of(model, TensorForm.dense().dtypes(DTypes.stored()))
                            .unscaled())
                    .containsExactly("up.weight");
        }
    }

    @Test
    void belongToWeightsOfEightBitFloatsOnly() throws IOException {
        byte[] data = new byte[16];
        for (String type : List.of("I8", "U8", "F8_E8M0")) {
            Path path = Files.write(
                    folder.resolve("other.safetensors"),
                    safetensors(
                            "{" + field("w", type, "[8]", 0, 8) + "," + field("w_scale", "F32", "[2]", 8, 16) + "}",
                            data));
            try (Model model = Model.open(path)) {
                assertThat(model.companions()).isEmpty();
            }
        }
        Path two = Files.write(
                folder.resolve("two.safetensors"),
                safetensors(
                        "{" + field("w", "F8_E5M2", "[8]", 0, 8) + "," + field("w_scale", "F32", "[1]", 8, 12) + ","
                                + field("w_scale_inv", "F32", "[1]", 12, 16) + "}",
                        data));
        try (Model model = Model.open(two)) {
            assertThatThrownBy(() -> TensorPlan.of(model, APPLY))
                    .hasMessage(two + ": tensor w has two companion scales, w_scale_inv and w_scale");
        }
    }
}
