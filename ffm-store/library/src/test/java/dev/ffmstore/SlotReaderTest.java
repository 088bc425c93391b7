package dev.ffmstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ffmstore.ggml.BlockDecoders;
import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.gguf.ByteSource;
import dev.ffmstore.gguf.Shape;
import dev.ffmstore.gguf.TensorInfo;
import dev.ffmstore.internal.gguf.GgufWriter;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Optional;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.From;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.Size;

/// Ranges of what a plan makes of a tensor, against the whole of it made the slow way.
class SlotReaderTest {
    /// A tensor and what is to become of it.
    ///
    /// @param heads into how many heads its rows are divided for taking pairs apart; 0 for none
    record Case(GgmlType type, DType dtype, Shape shape, int heads, float storedOffset) {
        TestModel model() {
            return TestModel.fill(new GgufWriter(3).tensor("tensor", type, shape));
        }

        LoadPlan.Slot slot(TestModel model) {
            TensorInfo tensor = model.header().tensors().getFirst();
            RowOrder order = heads == 0 ? RowOrder.AS_STORED : new RowOrder.HalvesOfPairs(shape.dimension(0) / heads);
            return new LoadPlan.Slot(
                    "tensor",
                    type,
                    dtype,
                    shape,
                    tensor.offset(),
                    tensor.byteSize(),
                    0,
                    shape.elementCount() * dtype.byteSize(),
                    Optional.empty(),
                    "tensor",
                    order,
                    storedOffset);
        }

        /// What is to come out: row by row from the head's pairs, element by element.
        byte[] expected(TestModel model) {
            ByteBuffer stored = ByteBuffer.wrap(model.dense("tensor")).order(ByteOrder.LITTLE_ENDIAN);
            if (DType.denseOf(type) != DType.F32) {
                return stored.array();
            }
            int count = (int) shape.elementCount();
            int rows = (int) shape.dimension(0);
            int rowLength = count / rows;
            float[] values = new float[count];
            if (heads == 0) {
                stored.asFloatBuffer().get(values);
            } else {
                int half = rows / heads / 2;
                for (int head = 0; head < heads; head++) {
                    for (int i = 0; i < half; i++) {
                        for (int column = 0; column < rowLength; column++) {
                            int first = head * 2 * half;
                            values[(first + i) * rowLength + column] =
                                    stored.getFloat(((first + 2 * i) * rowLength + column) * 4);
                            values[(first + i + half) * rowLength + column] =
                                    stored.getFloat(((first + 2 * i + 1) * rowLength + column) * 4);
                        }
                    }
                }
            }
            ByteBuffer bytes = ByteBuffer.allocate(count * dtype.byteSize()).order(ByteOrder.LITTLE_ENDIAN);
            for (float value : values) {
                float taken = storedOffset == 0 ? value : value - storedOffset;
                if (dtype == DType.F32) {
                    bytes.putFloat(taken);
                } else {
                    bytes.putShort((short) SlowRounding.to(dtype).bits(taken));
                }
            }
            return bytes.array();
        }
    }

    @Provide
    Arbitrary<Case> cases() {
        Arbitrary<GgmlType> types = Arbitraries.of(GgmlType.values()).filter(BlockDecoders.scalar()::supports);
        return types.flatMap(type -> {
            boolean floats = DType.denseOf(type) == DType.F32;
            Arbitrary<DType> dtypes =
                    floats ? Arbitraries.of(DType.F32, DType.F16, DType.BF16) : Arbitraries.of(DType.denseOf(type));
            Arbitrary<Integer> heads = floats ? Arbitraries.of(0, 0, 1, 2, 3) : Arbitraries.of(0);
            return dtypes.flatMap(dtype -> heads.flatMap(headCount -> Arbitraries.integers()
                    .between(1, 5)
                    .flatMap(halfRows -> Arbitraries.integers()
                            .between(1, 3)
                            .flatMap(blocks -> Arbitraries.of(0f, 1f)
                                    .map(offset -> new Case(
                                            type,
                                            dtype,
                                            Shape.of(
                                                    Math.max(1, headCount) * 2L * halfRows,
                                                    (long) blocks * type.blockLength()),
                                            headCount,
                                            floats ? offset : 0))))));
        });
    }

    private static byte[] read(Case wanted, TestModel model, int... cuts) throws IOException {
        LoadPlan.Slot slot = wanted.slot(model);
        try (Arena arena = Arena.ofShared()) {
            BlockStream blocks = new BlockStream(new ByteSource(model.bytes()), BlockDecoders.best(), arena);
            SlotReader reader = new SlotReader(blocks, arena);
            MemorySegment whole = arena.allocate(slot.byteSize() + 2).fill((byte) 0x55);
            long[] ends = Arrays.stream(cuts)
                    .mapToLong(cut -> Math.floorMod(cut, slot.byteSize() + 1))
                    .sorted()
                    .toArray();
            long at = 0;
            for (int i = 0; i <= ends.length; i++) {
                long end = i < ends.length ? ends[i] : slot.byteSize();
                reader.read(slot, at, whole.asSlice(1 + at, end - at));
                at = end;
            }
            assertThat(whole.get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) 0x55);
            assertThat(whole.get(ValueLayout.JAVA_BYTE, whole.byteSize() - 1)).isEqualTo((byte) 0x55);
            return whole.asSlice(1, slot.byteSize()).toArray(ValueLayout.JAVA_BYTE);
        }
    }

    @Property(tries = 400, edgeCases = EdgeCasesMode.NONE)
    void anySplitGivesTheSameBytes(@ForAll @From("cases") Case wanted, @ForAll @Size(max = 6) int[] cuts)
            throws IOException {
        TestModel model = wanted.model();
        assertThat(read(wanted, model, cuts)).isEqualTo(wanted.expected(model));
    }

    @Example
    void readsWhatDoesNotFitATile() throws IOException {
        for (DType dtype : new DType[] {DType.F32, DType.F16, DType.BF16}) {
            for (int heads : new int[] {0, 2}) {
                Case large = new Case(GgmlType.Q6_K, dtype, Shape.of(8, 256 * 301), heads, 1);
                TestModel model = large.model();
                assertThat(read(large, model, 77_777, 300_001)).isEqualTo(large.expected(model));
            }
        }
    }

    /// A bias is a row of one element for each row of its matrix.
    @Example
    void ordersBiasesToo() throws IOException {
        Case bias = new Case(GgmlType.F32, DType.F32, Shape.of(12), 2, 0);
        TestModel model = bias.model();
        assertThat(read(bias, model, 5)).isEqualTo(bias.expected(model));
        assertThat(bias.expected(model)).isNotEqualTo(model.dense("tensor"));
    }

    @Example
    void refusesRangesOutside() {
        Case small = new Case(GgmlType.Q4_0, DType.F16, Shape.of(2, 32), 0, 0);
        TestModel model = small.model();
        LoadPlan.Slot slot = small.slot(model);
        try (Arena arena = Arena.ofShared()) {
            SlotReader reader =
                    new SlotReader(new BlockStream(new ByteSource(model.bytes()), BlockDecoders.best(), arena), arena);
            for (long[] range : new long[][] {{-1, 1}, {0, 129}, {128, 1}, {Long.MAX_VALUE, 1}}) {
                assertThatThrownBy(() -> reader.read(slot, range[0], arena.allocate(range[1])))
                        .isInstanceOf(IndexOutOfBoundsException.class);
            }
        }
    }
}
