package dev.ffmstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.gguf.ByteSource;
import dev.ffmstore.gguf.GgufFile;
import dev.ffmstore.gguf.GgufOptions;
import dev.ffmstore.gguf.Shape;
import dev.ffmstore.internal.gguf.GgufWriter;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.statistics.Statistics;
import org.jspecify.annotations.Nullable;

/// *Planned means readable*, for layouts: whatever operations a table of names states, the plan refuses them, or
/// every range of the tensor is what doing them one by one gives.
class LayoutPropertiesTest {
    /// How tensors become one.
    enum Join {
        NONE,
        CONCAT_0,
        CONCAT_1,
        INTERLEAVE,
        STACK
    }

    /// A line of a table, about tensors of one shape.
    ///
    /// @param steps what is done to each of them
    /// @param reshape what is done after they are joined; empty for nothing
    record Wish(
            List<GgmlType> types, int[] shape, List<String> steps, Join join, String reshape, DType dtype, int offset) {

        boolean isOfFloats() {
            return DType.denseOf(types.getFirst()) == DType.F32;
        }

        private String name(int index) {
            return "in." + index + ".w";
        }

        TestModel model() {
            GgufWriter header = new GgufWriter(3);
            for (int i = 0; i < types.size(); i++) {
                header.tensor(
                        name(i),
                        types.get(i),
                        Shape.of(Arrays.stream(shape).asLongStream().toArray()));
            }
            return TestModel.fill(header);
        }

        String line() {
            StringBuilder line = new StringBuilder();
            int written = join == Join.STACK ? 1 : types.size();
            for (int i = 0; i < written; i++) {
                line.append(i == 0 ? "" : " + ").append(join == Join.STACK ? "in.%.w" : name(i));
                steps.forEach(step -> line.append(" | ").append(step));
            }
            line.append(" = out");
            switch (join) {
                case NONE -> {}
                case CONCAT_0 -> line.append(types.size() == 1 ? "" : " | concat");
                case CONCAT_1 -> line.append(" | concat 1");
                case INTERLEAVE -> line.append(" | interleave");
                case STACK -> line.append(" | stack");
            }
            line.append(reshape.isEmpty() ? "" : " | " + reshape);
            return line.append(offset == 0 ? "" : " | subtract " + offset).toString();
        }

        /// What comes of it, or null if it does not fit.
        @Nullable
        SlowTensor expected() {
            try {
                List<SlowTensor> tensors = new ArrayList<>();
                int size = Arrays.stream(shape).reduce(1, (a, b) -> a * b);
                for (int i = 0; i < types.size(); i++) {
                    SlowTensor tensor = SlowTensor.numbered(i * size, shape);
                    for (String step : steps) {
                        tensor = apply(step, tensor);
                    }
                    tensors.add(tensor);
                }
                SlowTensor joined = switch (join) {
                    case NONE, CONCAT_0 -> SlowTensor.concat(0, tensors);
                    case CONCAT_1 -> SlowTensor.concat(1, tensors);
                    case INTERLEAVE -> SlowTensor.interleaved(tensors);
                    case STACK -> SlowTensor.stacked(tensors);
                };
                return reshape.isEmpty() ? joined : apply(reshape, joined);
            } catch (IllegalArgumentException e) {
                return null;
            }
        }

        private static SlowTensor apply(String step, SlowTensor tensor) {
            String[] words = step.split("[ :]");
            int[] numbers =
                    Arrays.stream(words).skip(1).mapToInt(Integer::parseInt).toArray();
            return switch (words[0]) {
                case "halves" -> tensor.halves(numbers[0]);
                case "pairs" -> tensor.pairs(numbers[0]);
                case "rows" -> tensor.rows(numbers[0], numbers[1]);
                case "transpose" -> tensor.transposed();
                default -> tensor.reshaped(numbers);
            };
        }

        /// Whether rows are taken after something has moved them: the plan may refuse that.
        boolean isTwisted() {
            boolean moved = false;
            for (String step : steps) {
                boolean takesRows = !step.startsWith("transpose") && !step.startsWith("reshape");
                if (takesRows && moved || moved && step.startsWith("transpose")) {
                    return true;
                }
                moved |= !step.startsWith("rows");
            }
            return moved && (join == Join.CONCAT_1 || join == Join.INTERLEAVE);
        }

        byte[] bytes(TestModel model, SlowTensor expected) {
            ByteBuffer all = ByteBuffer.allocate(1 << 20).order(ByteOrder.LITTLE_ENDIAN);
            for (int i = 0; i < types.size(); i++) {
                all.put(model.dense(name(i)));
            }
            int size =
                    isOfFloats() ? Float.BYTES : DType.denseOf(types.getFirst()).byteSize();
            ByteBuffer bytes = ByteBuffer.allocate(expected.elements().length * dtype.byteSize())
                    .order(ByteOrder.LITTLE_ENDIAN);
            for (int element : expected.elements()) {
                if (!isOfFloats()) {
                    bytes.put(all.array(), element * size, size);
                    continue;
                }
                float value = all.getFloat(element * size);
                float taken = offset == 0 ? value : value - offset;
                if (dtype == DType.F32) {
                    bytes.putFloat(taken);
                } else {
                    bytes.putShort((short) SlowRounding.to(dtype).bits(taken));
                }
            }
            return bytes.array();
        }

        TensorForm form() throws IOException {
            TensorForm form = TensorForm.dense().names(Names.of("table", List.of(line())));
            return isOfFloats() ? form.dtypes(DTypes.all(dtype)) : form;
        }
    }

    @Provide
    Arbitrary<Wish> wishes() {
        Arbitrary<GgmlType> floats = Arbitraries.of(
                GgmlType.F32,
                GgmlType.F16,
                GgmlType.BF16,
                GgmlType.Q8_0,
                GgmlType.Q4_0,
                GgmlType.MXFP4,
                GgmlType.IQ4_NL);
        Arbitrary<List<GgmlType>> types = Arbitraries.oneOf(
                floats.list().ofMinSize(1).ofMaxSize(3),
                Arbitraries.of(GgmlType.I8, GgmlType.I16, GgmlType.F64)
                        .flatMap(type ->
                                Arbitraries.just(type).list().ofMinSize(1).ofMaxSize(3)));
        Arbitrary<String> steps = Arbitraries.of(
                "halves 1",
                "halves 2",
                "halves 3",
                "pairs 2",
                "rows 0:2",
                "rows 1:4",
                "rows 2:3",
                "transpose",
                "transpose",
                "reshape 2 -1",
                "reshape -1 4",
                "reshape 3 2 -1",
                "reshape -1");
        return types.flatMap(its -> {
            int block = its.stream().mapToInt(GgmlType::blockLength).max().orElseThrow();
            Arbitrary<int[]> shapes = Combinators.combine(
                            Arbitraries.of(1, 2, 4, 6, 12), Arbitraries.of(0, 1, 2, 3), Arbitraries.of(1, 2, 3))
                    .as((rows, middle, blocks) ->
                            middle == 0 ? new int[] {rows, blocks * block} : new int[] {rows, middle, blocks * block});
            return Combinators.combine(
                            shapes,
                            steps.list().ofMaxSize(3),
                            Arbitraries.of(Join.class),
                            Arbitraries.of("", "", "reshape -1", "reshape 2 -1"),
                            Arbitraries.of(DType.F32, DType.F16, DType.BF16),
                            Arbitraries.of(0, 0, 1))
                    .as((shape, list, join, reshape, dtype, offset) -> {
                        boolean isOfFloats = DType.denseOf(its.getFirst()) == DType.F32;
                        boolean several = join != Join.NONE && (its.size() > 1 || join == Join.STACK);
                        return new Wish(
                                several ? its : its.subList(0, 1),
                                shape,
                                list,
                                several ? join : Join.NONE,
                                reshape,
                                isOfFloats ? dtype : DType.denseOf(its.getFirst()),
                                isOfFloats ? offset : 0);
                    });
        });
    }

    private static Model open(TestModel model) throws IOException {
        return Model.of(GgufFile.open(new ByteSource(model.bytes()), GgufOptions.defaults()));
    }

    @Property(tries = 3000, edgeCases = EdgeCasesMode.NONE)
    void whatIsPlannedCanBeReadAndLoaded(@ForAll("wishes") Wish wish, @ForAll @Size(4) int[] cuts) throws IOException {
        TestModel bytes = wish.model();
        SlowTensor slow = wish.expected();
        try (Model model = open(bytes);
                Arena arena = Arena.ofConfined()) {
            if (slow == null) {
                Statistics.collect("does not fit");
                assertThatThrownBy(() -> TensorPlan.of(model, wish.form()))
                        .as(wish.line())
                        .isInstanceOf(ModelException.class)
                        .hasMessageStartingWith(ByteSource.NAME + ": ");
                return;
            }
            TensorSource source;
            try {
                source = TensorSource.of(model, wish.form(), DecoderChoice.SCALAR);
            } catch (ModelException e) {
                Statistics.collect("twisted");
                assertThat(wish.isTwisted())
                        .as(wish.line() + ": " + e.getMessage())
                        .isTrue();
                return;
            }
            Statistics.collect("fits");
            byte[] expected = wish.bytes(bytes, slow);
            TensorSlot slot = source.tensor("out");
            assertThat(slot.shape().toArray())
                    .as(wish.line())
                    .isEqualTo(Arrays.stream(slow.shape()).asLongStream().toArray());
            assertThat(slot.byteSize()).isEqualTo(expected.length);
            long[] ends = Arrays.stream(cuts)
                    .mapToLong(cut -> Math.floorMod(cut, expected.length + 1))
                    .sorted()
                    .toArray();
            MemorySegment whole = arena.allocate(expected.length + 2).fill((byte) 0x55);
            try (TensorReader reader = source.reader()) {
                long at = 0;
                for (int i = 0; i <= ends.length; i++) {
                    long end = i < ends.length ? ends[i] : expected.length;
                    reader.read(slot, at, whole.asSlice(1 + at, end - at));
                    at = end;
                }
            }
            byte[] got = whole.toArray(ValueLayout.JAVA_BYTE);
            assertThat(Arrays.copyOfRange(got, 1, got.length - 1))
                    .as(wish.line())
                    .isEqualTo(expected);
            assertThat(new byte[] {got[0], got[got.length - 1]}).containsOnly(0x55);
            try (TensorStore store = TensorStore.load(
                    model, wish.form(), LoadOptions.defaults().threads(1).memoryCheck(false))) {
                assertThat(TestModel.bytesOf(store.tensor("out"))).isEqualTo(expected);
            }
        }
    }

    /// Rows that are longer than any buffer, and more of them than fit one.
    @Example
    void aLargeMatrixIsTransposedTileByTile() throws IOException {
        for (GgmlType type : List.of(GgmlType.F16, GgmlType.Q8_0)) {
            int[] shape = {70_000, 64};
            TestModel bytes = TestModel.fill(new GgufWriter(3).tensor("in", type, Shape.of(70_000, 64)));
            byte[] dense = bytes.dense("in");
            int[] elements = SlowTensor.numbered(0, shape).transposed().elements();
            try (Model model = open(bytes);
                    Arena arena = Arena.ofConfined()) {
                TensorForm form = TensorForm.dense().names(Names.of("table", List.of("in = out | transpose")));
                TensorSource source = TensorSource.of(model, form, DecoderChoice.SCALAR);
                MemorySegment range = arena.allocate(700_000L * Float.BYTES);
                long first = 123_457;
                try (TensorReader reader = source.reader()) {
                    reader.read(source.tensor("out"), first * Float.BYTES, range);
                }
                ByteBuffer floats = ByteBuffer.wrap(dense).order(ByteOrder.LITTLE_ENDIAN);
                for (int i = 0; i < 700_000; i += 997) {
                    assertThat(range.getAtIndex(ValueLayout.JAVA_INT, i))
                            .isEqualTo(floats.getInt(elements[(int) first + i] * Float.BYTES));
                }
            }
        }
    }

    /// Slices of one tensor are tensors of their own.
    @Example
    void slicesAreTakenApart() throws IOException {
        TestModel bytes = TestModel.fill(new GgufWriter(3).tensor("in", GgmlType.Q8_0, Shape.of(3, 4, 64)));
        byte[] dense = bytes.dense("in");
        try (Model model = open(bytes)) {
            List<String> lines = List.of("in = out.% | unstack", "in = turned.% | unstack | transpose | rows 0:8");
            TensorForm form = TensorForm.dense().names(Names.of("table", lines));
            try (TensorStore store = TensorStore.load(model, form, LoadOptions.defaults())) {
                assertThat(store.tensors().stream().map(Tensor::name).collect(Collectors.toList()))
                        .containsExactly("out.0", "out.1", "out.2", "turned.0", "turned.1", "turned.2");
                for (int i = 0; i < 3; i++) {
                    int size = 4 * 64 * Float.BYTES;
                    assertThat(TestModel.bytesOf(store.tensor("out." + i)))
                            .isEqualTo(Arrays.copyOfRange(dense, i * size, (i + 1) * size));
                    assertThat(store.tensor("turned." + i).shape()).isEqualTo(Shape.of(8, 4));
                }
                assertThat(store.plan().sourceBytes())
                        .isEqualTo(3 * 4 * 2 * 34 + 3 * 34); // of the turned ones an eighth
            }
        }
    }
}
