package dev.ffmstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.gguf.ByteSource;
import dev.ffmstore.gguf.GgufFile;
import dev.ffmstore.gguf.GgufOptions;
import dev.ffmstore.gguf.Shape;
import dev.ffmstore.gguf.TensorInfo;
import dev.ffmstore.internal.measure.TensorDigests;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CompanionScalesTest {
    private static final TensorForm APPLY = TensorForm.dense().scales(TensorForm.Scales.APPLIED);
    private static final TensorForm LEFT = TensorForm.dense().scales(TensorForm.Scales.LEFT);
    private static final LoadOptions DEFAULTS = LoadOptions.defaults();

    @TempDir
    Path folder;

    /// Both namings, all float types, one factor and one for each expert; the experts' slices are of 1,092,608
    /// bytes, so that they begin inside ranges of 2 MiB and end in the next, and several share one.
    private static TestModel model() {
        return new ScaledModel()
                .weight("blk.0.ffn_up.weight", GgmlType.NVFP4, 301, 192)
                .floats("blk.0.ffn_up.scale", GgmlType.F32, Shape.of(1), 0.0123f)
                .weight("blk.0.ffn_gate_exps.weight", GgmlType.NVFP4, 7, 1067, 256)
                .floats(
                        "blk.0.ffn_gate_exps.scale",
                        GgmlType.F32,
                        Shape.of(7),
                        1.1f,
                        -0.37f,
                        0f,
                        3e30f,
                        1e-41f,
                        Float.NEGATIVE_INFINITY,
                        Float.NaN)
                .weight("blk.0.ffn_down.weight", GgmlType.NVFP4, 5, 64)
                .floats("blk.0.ffn_down.weight.scale", GgmlType.F16, Shape.of(), 0.333251953125f)
                .weight("experts", GgmlType.NVFP4, 3, 1, 64)
                .floats("experts.scale", GgmlType.BF16, Shape.of(3), 1.5f, 0.0625f, -2.015625f)
                .weight("stacked.weight", GgmlType.NVFP4, 3, 2, 64)
                .floats("stacked.scale", GgmlType.F16, Shape.of(1, 1), 0.75f)
                .weight("none.weight", GgmlType.NVFP4, 2, 64)
                .floats("none.input_scale", GgmlType.F32, Shape.of(1), 7f)
                .floats("none.weight.input_scale", GgmlType.F32, Shape.of(1), 7f)
                .weight("other.weight", GgmlType.MXFP4, 2, 64)
                .floats("other.scale", GgmlType.F32, Shape.of(1), 7f)
                .weight("empty.weight", GgmlType.NVFP4, 0, 2, 64)
                .floats("empty.scale", GgmlType.F32, Shape.of(0))
                .build();
    }

    /// The factors that apply in [#model()].
    private static Map<String, float[]> factors() {
        Map<String, float[]> factors = new LinkedHashMap<>();
        factors.put("blk.0.ffn_up.weight", new float[] {0.0123f});
        factors.put(
                "blk.0.ffn_gate_exps.weight",
                new float[] {1.1f, -0.37f, 0f, 3e30f, 1e-41f, Float.NEGATIVE_INFINITY, Float.NaN});
        factors.put("blk.0.ffn_down.weight", new float[] {0.333251953125f});
        factors.put("experts", new float[] {1.5f, 0.0625f, -2.015625f});
        factors.put("stacked.weight", new float[] {0.75f});
        factors.put("other.weight", new float[] {7});
        factors.put("empty.weight", new float[] {1});
        return factors;
    }

    private static Model open(TestModel model) throws IOException {
        return Model.of(GgufFile.open(new ByteSource(model.bytes()), GgufOptions.defaults()));
    }

    @ParameterizedTest
    @CsvSource({"SCALAR, 1", "SCALAR, 3", "VECTOR, 1", "VECTOR, 4"})
    void multiplyTheDecodedWeight(DecoderChoice decoder, int threads) throws IOException {
        TestModel model = model();
        LoadOptions options = DEFAULTS.decoder(decoder).threads(threads);
        try (TensorStore store = TensorStore.load(model.writeTo(folder), APPLY, options)) {
            assertThat(store.report().scaledTensors()).isEqualTo(factors().size());
            assertThat(store.report().unappliedScales()).isZero();
            for (Tensor tensor : store.tensors()) {
                byte[] decoded = model.dense(tensor.name());
                float[] own = factors().get(tensor.name());
                assertSameFloats(tensor, own == null ? decoded : ScaledModel.multiplied(decoded, own));
            }
        }
    }

    /// Bits compared, NaN as a class.
    @Test
    void multiplyBeforeElementsAreRounded() throws IOException {
        TestModel model = model();
        try (Model file = open(model);
                TensorStore store = TensorStore.load(file, APPLY.dtypes(DTypes.all(DType.F16)), DEFAULTS.threads(3))) {
            factors().forEach((name, factor) -> {
                ByteBuffer floats = ByteBuffer.wrap(ScaledModel.multiplied(model.dense(name), factor))
                        .order(ByteOrder.LITTLE_ENDIAN);
                ByteBuffer halves =
                        ByteBuffer.wrap(TestModel.bytesOf(store.tensor(name))).order(ByteOrder.LITTLE_ENDIAN);
                assertThat(halves.remaining()).isEqualTo(floats.remaining() / 2);
                while (halves.hasRemaining()) {
                    float expected = floats.getFloat();
                    short got = halves.getShort();
                    if (got != Float.floatToFloat16(expected)) {
                        assertThat(Float.float16ToFloat(got)).as(name).isNaN();
                        assertThat(expected).as(name).isNaN();
                    }
                }
            });
        }
    }

    private static void assertSameFloats(Tensor tensor, byte[] expected) {
        int[] want = canonicalBits(expected);
        int[] got = canonicalBits(TestModel.bytesOf(tensor));
        assertThat(got).as(tensor.name()).isEqualTo(want);
    }

    private static int[] canonicalBits(byte[] bytes) {
        float[] values = new float[bytes.length / Float.BYTES];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
        int[] bits = new int[values.length];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = Float.floatToIntBits(values[i]);
        }
        return bits;
    }

    @Test
    void doNothingUnlessAskedTo() throws IOException {
        TestModel model = model();
        for (TensorForm form : List.of(TensorForm.dense(), LEFT)) {
            try (TensorStore store = TensorStore.load(model.writeTo(folder), form, DEFAULTS)) {
                TensorStoreTest.assertHolds(store, model);
                assertThat(store.report().scaledTensors()).isZero();
                assertThat(store.report().unappliedScales()).isEqualTo(factors().size());
            }
        }
    }

    @Test
    void applyEvenIfTheFilterLeavesThemOut() throws IOException {
        TestModel model = model();
        TensorForm form = APPLY.filter(new NameFilter(List.of("blk.0.ffn_up.weight"), List.of()));
        try (TensorStore store = TensorStore.load(model.writeTo(folder), form, DEFAULTS)) {
            assertThat(store.tensors()).hasSize(1);
            assertSameFloats(
                    store.tensor("blk.0.ffn_up.weight"),
                    ScaledModel.multiplied(model.dense("blk.0.ffn_up.weight"), 0.0123f));
        }
    }

    @Test
    void standInThePlan() throws IOException {
        try (Model file = open(model())) {
            TensorPlan left = TensorPlan.of(file, TensorForm.dense());
            assertThat(left.unscaled()).containsExactlyElementsOf(factors().keySet());
            assertThat(left.slots()).allMatch(slot -> slot.scale().isEmpty());
            assertThat(left).asString().endsWith(", 7 companion scales not applied");

            TensorPlan applied = TensorPlan.of(file, APPLY);
            assertThat(applied.unscaled()).isEmpty();
            assertThat(applied).isEqualTo(TensorPlan.of(file, APPLY)).isNotEqualTo(left);
            assertThat(applied.slots().stream().filter(slot -> slot.scale().isPresent()))
                    .extracting(TensorSlot::name)
                    .containsExactlyElementsOf(factors().keySet());
            StoredTensor experts = file.tensor("blk.0.ffn_gate_exps.scale");
            assertThat(slot(applied, "blk.0.ffn_gate_exps.weight").scale())
                    .contains(new Share.Scale(experts, Shape.of(1, 1067, 256)));
            assertThat(experts.type()).isEqualTo(GgmlType.F32);
            assertThat(applied.toString().lines())
                    .anySatisfy(
                            line -> assertThat(line).contains("blk.0.ffn_down.weight", "× blk.0.ffn_down.weight.scale"))
                    .last()
                    .asString()
                    .doesNotContain("not applied");
        }
    }

    private static TensorSlot slot(TensorPlan plan, String name) {
        return plan.slots().stream()
                .filter(slot -> slot.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void leaveDigestsOfAPlanWithoutThemAlone() throws Exception {
        TestModel model = model();
        Map<String, String> digests = new LinkedHashMap<>();
        try (Model file = open(model)) {
            TensorSource source = TensorSource.of(file, TensorForm.dense(), DecoderChoice.SCALAR);
            TensorDigests.run(source, source.tensors(), 2, new TensorDigests.Listener() {
                @Override
                public void digest(TensorSlot slot, String sha256) {
                    digests.put(slot.name(), sha256);
                }

                @Override
                public void progress(long doneBytes) {}
            });
        }
        Map<String, String> expected = new LinkedHashMap<>();
        for (TensorInfo tensor : model.header().tensors()) {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(model.dense(tensor.name()));
            expected.put(tensor.name(), HexFormat.of().formatHex(digest));
        }
        assertThat(digests).containsExactlyEntriesOf(expected);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "2-D, too many   | 2,64   | F32 | 2 | expected 1 element of type F32, F16 or BF16, got 2 of type F32",
                "2-D, none       | 2,64   | F32 | 0 | expected 1 element of type F32, F16 or BF16, got 0 of type F32",
                "3-D, too few    | 3,2,64 | F16 | 2 | expected 1 or 3 elements of type F32, F16 or BF16, got 2 of type F16",
                "3-D, one a row  | 3,2,64 | F32 | 6 | expected 1 or 3 elements of type F32, F16 or BF16, got 6 of type F32",
                "not a float     | 2,64   | I32 | 1 | expected 1 element of type F32, F16 or BF16, got 1 of type I32",
                "a wider float   | 2,64   | F64 | 1 | expected 1 element of type F32, F16 or BF16, got 1 of type F64",
            })
    void areRefusedWhenMalformedAndToBeApplied(String what, String shape, GgmlType type, long count, String message)
            throws IOException {
        long[] dimensions =
                List.of(shape.split(",")).stream().mapToLong(Long::parseLong).toArray();
        TestModel model = new ScaledModel()
                .weight("w\u202E.weight", GgmlType.NVFP4, dimensions)
                .weight("w\u202E.scale", type, count)
                .build();
        Path path = model.writeTo(folder);
        assertThatThrownBy(() -> TensorStore.load(path, APPLY, DEFAULTS))
                .as(what)
                .isInstanceOf(ModelException.class)
                .hasMessage(path + ": tensor w\\u{202e}.weight: companion scale w\\u{202e}.scale: " + message);
        assertThat(messagesOf(path, TensorForm.dense()))
                .containsExactly(
                        "INFO " + path + ": 1 tensor has a companion scale, which was not applied;"
                                + " TensorForm.scales",
                        "WARNING " + path + ": tensor w\\u{202e}.weight: companion scale w\\u{202e}.scale: " + message);
        try (TensorStore store = TensorStore.load(path, LEFT, DEFAULTS)) {
            TensorStoreTest.assertHolds(store, model);
            assertThat(store.report().unappliedScales()).isEqualTo(1);
        }
    }

    @Test
    void areRefusedWhenThereAreTwo() throws IOException {
        TestModel model = new ScaledModel()
                .weight("w.weight", GgmlType.NVFP4, 2, 64)
                .floats("w.scale", GgmlType.F32, Shape.of(1), 2f)
                .floats("w.weight.scale", GgmlType.F32, Shape.of(1), 3f)
                .build();
        Path path = model.writeTo(folder);
        assertThatThrownBy(() -> TensorStore.load(path, APPLY, DEFAULTS))
                .isInstanceOf(ModelException.class)
                .hasMessage(path + ": tensor w.weight has two companion scales, w.scale and w.weight.scale");
    }

    @Test
    void areBesideAnyTypeOfFloats() throws IOException {
        for (GgmlType type : GgmlType.values()) {
            TestModel model = new ScaledModel()
                    .weight("w.weight", type, 2, 256)
                    .floats("w.scale", GgmlType.F32, Shape.of(1), 2f)
                    .build();
            try (Model file = open(model)) {
                boolean isOfFloats = DType.denseOf(type) == DType.F32 && type != GgmlType.Q8_1;
                assertThat(file.companions()).as(type.name()).hasSize(isOfFloats ? 1 : 0);
            }
        }
    }

    @Test
    void areMentionedOnceByALoadThatWasNotToldWhatToDo() throws IOException {
        Path path = model().writeTo(folder);
        assertThat(messagesOf(path, TensorForm.dense()))
                .containsExactly("INFO " + path + ": 7 tensors have companion scales, which were not applied;"
                        + " TensorForm.scales");
        assertThat(messagesOf(path, APPLY)).isEmpty();
        assertThat(messagesOf(path, LEFT)).isEmpty();
        TensorForm without = TensorForm.dense().filter(new NameFilter(List.of("none.*"), List.of()));
        assertThat(messagesOf(path, without)).isEmpty();
    }

    @Test
    void areUndecidedByDefault() {
        assertThat(TensorForm.dense().scales()).isEqualTo(TensorForm.Scales.UNDECIDED);
        TensorForm decided =
                APPLY.dtypes(DTypes.all(DType.F16)).names(Names.hf()).filter(NameFilter.all());
        assertThat(decided.scales()).isEqualTo(TensorForm.Scales.APPLIED);
        assertThat(decided.scales(TensorForm.Scales.LEFT).scales()).isEqualTo(TensorForm.Scales.LEFT);
    }

    /// What the store logs while it loads.
    private static List<String> messagesOf(Path path, TensorForm form) throws IOException {
        List<String> messages = new ArrayList<>();
        Handler handler = new Handler() {
            @Override
            public void publish(LogRecord entry) {
                messages.add(entry.getLevel() + " " + entry.getMessage());
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        Logger logger = Logger.getLogger(TensorStore.class.getName());
        logger.addHandler(handler);
        logger.setUseParentHandlers(false);
        try (TensorStore store = TensorStore.load(path, form, DEFAULTS)) {
            assertThat(store.isOpen()).isTrue();
        } finally {
            logger.removeHandler(handler);
            logger.setUseParentHandlers(true);
        }
        return messages;
    }
}
