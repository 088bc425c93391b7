package dev.ffmstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ffmstore.ggml.BlockDecoders;
import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.gguf.ByteSource;
import dev.ffmstore.gguf.GgufFile;
import dev.ffmstore.gguf.GgufOptions;
import dev.ffmstore.gguf.MetadataType;
import dev.ffmstore.gguf.Shape;
import dev.ffmstore.gguf.TensorInfo;
import dev.ffmstore.internal.gguf.GgufWriter;
import dev.ffmstore.internal.names.Operation;
import dev.ffmstore.internal.names.Output;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.From;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.statistics.Statistics;

/// Ranges of what a plan makes of a tensor, against the whole of it made the slow way.
class TensorReaderTest {
    /// A tensor and what is to become of it, whether or not a convention of names asks for that.
    ///
    /// @param heads into how many heads its rows are divided for taking pairs apart; 0 for none
    record Case(GgmlType type, DType dtype, Shape shape, int heads, float storedOffset) {
        TestModel model() {
            return TestModel.fill(new GgufWriter(3).tensor("tensor", type, shape));
        }

        TensorSlot slot(TestModel model) {
            TensorInfo tensor = model.header().tensors().getFirst();
            View stored = View.of(shape);
            View moved = heads == 0 ? stored : stored.with(new Operation.Halves(heads));
            Arrangement.Part part = Arrangement.of(List.of(moved), new Output.Join.Concat(0))
                    .parts()
                    .getFirst();
            return new TensorSlot(
                    "tensor",
                    shape,
                    dtype,
                    0,
                    shape.elementCount() * dtype.byteSize(),
                    List.of(new Share(
                            new StoredTensor("tensor", type, shape, 0, tensor.offset(), tensor.byteSize()),
                            Optional.empty(),
                            part.storedFirst(),
                            part.first(),
                            part.run(),
                            part.axes())),
                    storedOffset,
                    Optional.empty());
        }

        byte[] expected(TestModel model) {
            byte[] dense = model.dense("tensor");
            byte[] moved = heads == 0 ? dense : pairsApart(dense, (int) shape.dimension(0), heads);
            return DType.denseOf(type) == DType.F32 ? converted(moved, storedOffset, dtype) : moved;
        }
    }

    /// Rows moved as the definition has it: of each head first those of even numbers, then those of odd ones.
    private static byte[] pairsApart(byte[] dense, int rows, int heads) {
        int rowBytes = rows == 0 ? 0 : dense.length / rows;
        byte[] moved = new byte[dense.length];
        int half = rows / heads / 2;
        for (int head = 0; head < heads; head++) {
            for (int i = 0; i < half; i++) {
                int first = head * 2 * half;
                System.arraycopy(dense, (first + 2 * i) * rowBytes, moved, (first + i) * rowBytes, rowBytes);
                System.arraycopy(dense, (first + 2 * i + 1) * rowBytes, moved, (first + i + half) * rowBytes, rowBytes);
            }
        }
        return moved;
    }

    private static byte[] converted(byte[] floats, float storedOffset, DType dtype) {
        ByteBuffer values = ByteBuffer.wrap(floats).order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer bytes = ByteBuffer.allocate(floats.length / Float.BYTES * dtype.byteSize())
                .order(ByteOrder.LITTLE_ENDIAN);
        while (values.hasRemaining()) {
            float value = values.getFloat();
            float taken = storedOffset == 0 ? value : value - storedOffset;
            if (dtype == DType.F32) {
                bytes.putFloat(taken);
            } else {
                bytes.putShort((short) SlowRounding.to(dtype).bits(taken));
            }
        }
        return bytes.array();
    }

    @Provide
    Arbitrary<Case> cases() {
        Arbitrary<GgmlType> types = Arbitraries.of(GgmlType.values()).filter(BlockDecoders.scalar()::supports);
        return types.flatMap(type -> {
            boolean floats = DType.denseOf(type) == DType.F32;
            Arbitrary<DType> dtypes =
                    floats ? Arbitraries.of(DType.F32, DType.F16, DType.BF16) : Arbitraries.of(DType.denseOf(type));
            return Combinators.combine(
                            dtypes,
                            Arbitraries.of(0, 0, 1, 2, 3),
                            Arbitraries.integers().between(1, 5),
                            Arbitraries.integers().between(1, 3),
                            Arbitraries.of(0f, 1f))
                    .as((dtype, heads, halfRows, blocks, offset) -> new Case(
                            type,
                            dtype,
                            Shape.of(Math.max(1, heads) * 2L * halfRows, (long) blocks * type.blockLength()),
                            heads,
                            floats ? offset : 0));
        });
    }

    private static Model open(TestModel model) throws IOException {
        return Model.of(GgufFile.open(new ByteSource(model.bytes()), GgufOptions.defaults()));
    }

    private static byte[] read(Case wanted, TestModel model, int... cuts) throws IOException {
        TensorSlot slot = wanted.slot(model);
        try (Arena arena = Arena.ofShared();
                Model opened = open(model);
                TensorReader reader = TensorReader.of(opened, BlockDecoders.best())) {
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
        for (GgmlType type : List.of(GgmlType.F32, GgmlType.F64, GgmlType.I8)) {
            Case bias = new Case(type, DType.denseOf(type), Shape.of(12), 2, 0);
            TestModel model = bias.model();
            assertThat(read(bias, model, 5)).isEqualTo(bias.expected(model));
            assertThat(bias.expected(model)).isNotEqualTo(model.dense("tensor"));
        }
    }

    @Example
    void refusesRangesOutside() throws IOException {
        Case small = new Case(GgmlType.Q4_0, DType.F16, Shape.of(2, 32), 0, 0);
        TestModel model = small.model();
        TensorSlot slot = small.slot(model);
        try (Arena arena = Arena.ofShared();
                Model opened = open(model);
                TensorReader reader = TensorReader.of(opened, BlockDecoders.best())) {
            for (long[] range : new long[][] {{-1, 1}, {0, 129}, {128, 1}, {Long.MAX_VALUE, 1}}) {
                assertThatThrownBy(() -> reader.read(slot, range[0], arena.allocate(range[1])))
                        .isInstanceOf(IndexOutOfBoundsException.class);
            }
        }
    }

    @Example
    void refusesTargetsThatCannotBeWrittenTo() throws IOException {
        Case small = new Case(GgmlType.Q4_0, DType.F16, Shape.of(2, 32), 0, 0);
        TestModel model = small.model();
        try (Model opened = open(model);
                TensorReader reader = TensorReader.of(opened, BlockDecoders.best())) {
            MemorySegment target = MemorySegment.ofArray(new byte[4]).asReadOnly();
            assertThatThrownBy(() -> reader.read(small.slot(model), 0, target))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("read-only");
        }
    }

    /// What the convention does to a tensor of this kind.
    enum Kind {
        /// Nothing.
        PLAIN("llama", "blk.0.ffn_up.weight"),
        /// Rotary pairs are taken apart.
        ROTARY("llama", "blk.0.attn_q.weight"),
        /// 1 is taken off.
        NORM("gemma", "blk.0.attn_norm.weight");

        final String architecture;
        final String tensor;

        Kind(String architecture, String tensor) {
            this.architecture = architecture;
            this.tensor = tensor;
        }
    }

    /// A companion scale: none, or a tensor of some type with one element for the whole or for each slice, or of
    /// another number.
    enum Companion {
        NONE,
        ONE,
        EACH,
        WRONG_COUNT,
        WRONG_TYPE
    }

    /// What a user asks of a model: whether it can be had is for the plan to say.
    record Wish(
            GgmlType type,
            Shape shape,
            Kind kind,
            int heads,
            Optional<DType> dtype,
            Companion companion,
            GgmlType scaleType,
            TensorForm.Scales scales,
            DecoderChoice decoder) {
        private static final int MOST_SLICES = 16;

        String scaleName() {
            return kind.tensor.replace(".weight", ".scale");
        }

        private long slices() {
            return shape.rank() == 0 ? 1 : shape.dimension(0);
        }

        private long scaleCount() {
            return switch (companion) {
                case NONE -> 0;
                case ONE, WRONG_TYPE -> 1;
                case EACH -> slices();
                case WRONG_COUNT -> MOST_SLICES + 1;
            };
        }

        float factor(int slice) {
            return (slice + 3) * 0.375f; // exact in every type of float
        }

        TestModel model() {
            GgufWriter header = new GgufWriter(3)
                    .putString("general.architecture", kind.architecture)
                    .putInteger(kind.architecture + ".attention.head_count", MetadataType.UINT32, heads)
                    .tensor(kind.tensor, type, shape);
            if (companion != Companion.NONE) {
                GgmlType its = companion == Companion.WRONG_TYPE ? GgmlType.F64 : scaleType;
                header.tensor(scaleName(), its, Shape.of(scaleCount()));
            }
            TestModel model = TestModel.fill(header);
            writeScales(model);
            return model;
        }

        private void writeScales(TestModel model) {
            TensorInfo tensor = model.header().tensors().getLast();
            if (companion == Companion.NONE || companion == Companion.WRONG_TYPE) {
                return;
            }
            ByteBuffer bytes = ByteBuffer.wrap(model.bytes()).order(ByteOrder.LITTLE_ENDIAN);
            bytes.position((int) tensor.offset());
            for (int i = 0; i < scaleCount(); i++) {
                switch (scaleType) {
                    case F32 -> bytes.putFloat(factor(i));
                    case F16 -> bytes.putShort(Float.floatToFloat16(factor(i)));
                    default -> bytes.putShort((short) (Float.floatToRawIntBits(factor(i)) >>> 16));
                }
            }
        }

        TensorForm form() {
            TensorForm form = TensorForm.dense()
                    .names(Names.hf())
                    .scales(scales)
                    .filter(new NameFilter(List.of(kind.tensor), List.of()));
            return dtype.map(DTypes::all).map(form::dtypes).orElse(form);
        }

        boolean isOfFloats() {
            return DType.denseOf(type) == DType.F32;
        }

        private boolean isScaled() {
            return DType.denseOf(type) == DType.F32
                    && type != GgmlType.Q8_1
                    && companion != Companion.NONE
                    && scales == TensorForm.Scales.APPLIED;
        }

        private boolean scaleFits() {
            return switch (companion) {
                case NONE, ONE -> true;
                case EACH -> scaleCount() == 1 || shape.rank() >= 3;
                case WRONG_COUNT, WRONG_TYPE -> false;
            };
        }

        /// Whether there is a meaning to it.
        boolean isPossible() {
            return BlockDecoders.scalar().supports(type)
                    && (kind != Kind.NORM || isOfFloats())
                    && (kind != Kind.ROTARY || slices() % (2L * heads) == 0)
                    && (!isScaled() || scaleFits());
        }

        byte[] expected(TestModel model) {
            byte[] dense = model.dense(kind.tensor);
            if (isScaled()) {
                float[] factors = new float[(int) scaleCount()];
                for (int i = 0; i < factors.length; i++) {
                    factors[i] = factor(i);
                }
                dense = factors.length == 0 ? dense : ScaledModel.multiplied(dense, factors);
            }
            byte[] moved = kind == Kind.ROTARY ? pairsApart(dense, (int) slices(), heads) : dense;
            float offset = kind == Kind.NORM ? 1 : 0;
            return isOfFloats() ? converted(moved, offset, dtype.orElse(DType.F32)) : moved;
        }
    }

    @Provide
    Arbitrary<Wish> wishes() {
        // one in four of the type that models have companion scales for
        Arbitrary<GgmlType> types = Arbitraries.oneOf(
                Arbitraries.of(GgmlType.values()),
                Arbitraries.of(GgmlType.values())
                        .filter(type -> DType.denseOf(type) != DType.F32 || type.blockLength() == 1),
                Arbitraries.of(GgmlType.values()),
                Arbitraries.just(GgmlType.NVFP4));
        return types.flatMap(type -> Combinators.combine(
                        shapes(type),
                        Arbitraries.of(Kind.class),
                        Arbitraries.of(1, 1, 2, 3),
                        Arbitraries.of(DType.F32, DType.F16, DType.BF16).optional(),
                        Arbitraries.of(Companion.class),
                        Arbitraries.of(GgmlType.F32, GgmlType.F16, GgmlType.BF16),
                        Arbitraries.of(TensorForm.Scales.APPLIED, TensorForm.Scales.APPLIED, TensorForm.Scales.LEFT),
                        Arbitraries.of(DecoderChoice.class))
                .as((shape, kind, heads, dtype, companion, scaleType, scales, decoder) ->
                        new Wish(type, shape, kind, heads, dtype, companion, scaleType, scales, decoder)));
    }

    /// Ranks 0 to 3, from rows of one element, if the type has such, to some that take several reads.
    private static Arbitrary<Shape> shapes(GgmlType type) {
        Arbitrary<Integer> rows = Arbitraries.of(0, 1, 2, 3, 4, 6, 12);
        Arbitrary<Long> lengths = Arbitraries.of(1, 2, 3, 5).map(blocks -> (long) blocks * type.blockLength());
        Arbitrary<Shape> rank1 = lengths.map(Shape::of);
        Arbitrary<Shape> rank2 = Combinators.combine(rows, lengths).as((a, b) -> Shape.of(a, b));
        Arbitrary<Shape> rank3 =
                Combinators.combine(rows, Arbitraries.of(1, 2, 7), lengths).as((a, b, c) -> Shape.of(a, b, c));
        return type.blockLength() == 1
                ? Arbitraries.oneOf(
                        Arbitraries.just(Shape.of()), rows.map(n -> Shape.of((long) n)), rank1, rank2, rank3)
                : Arbitraries.oneOf(rank1, rank2, rank3);
    }

    /// The memory that a caller may bring.
    enum Target {
        NATIVE {
            @Override
            MemorySegment allocate(Arena arena, long size) {
                return arena.allocate(size, 8);
            }
        },
        BYTES {
            @Override
            MemorySegment allocate(Arena arena, long size) {
                return MemorySegment.ofArray(new byte[(int) size]);
            }
        },
        FLOATS {
            @Override
            MemorySegment allocate(Arena arena, long size) {
                return MemorySegment.ofArray(new float[(int) size / 4 + 1]);
            }
        },
        LONGS {
            @Override
            MemorySegment allocate(Arena arena, long size) {
                return MemorySegment.ofArray(new long[(int) size / 8 + 1]);
            }
        };

        abstract MemorySegment allocate(Arena arena, long size);
    }

    /// *Planned means readable*: what the plan accepts is read right in any range, into any memory, and what has no
    /// meaning is refused by the plan.
    @Property(tries = 3000, edgeCases = EdgeCasesMode.NONE)
    void whatIsPlannedCanBeRead(@ForAll("wishes") Wish wish, @ForAll @Size(2) int[] cuts, @ForAll Target kind)
            throws IOException {
        TestModel bytes = wish.model();
        try (Model model = open(bytes);
                Arena arena = Arena.ofConfined()) {
            Statistics.label("can be had").collect(wish.isPossible());
            if (!wish.isPossible()) {
                assertThatThrownBy(() -> TensorPlan.of(model, wish.form()))
                        .isInstanceOf(ModelException.class)
                        .hasMessageStartingWith(ByteSource.NAME + ": ");
                return;
            }
            byte[] expected = wish.expected(bytes);
            TensorSource source = TensorSource.of(model, wish.form(), wish.decoder());
            TensorSlot slot = source.tensors().getFirst();
            assertThat(slot.byteSize()).isEqualTo(expected.length);
            int from = Math.floorMod(cuts[0], expected.length + 1);
            int size = Math.floorMod(cuts[1], expected.length - from + 1);
            MemorySegment around = kind.allocate(arena, size + 2).fill((byte) 0x55);
            try (TensorReader reader = source.reader()) {
                reader.read(slot, from, around.asSlice(1, size));
                byte[] got = around.toArray(ValueLayout.JAVA_BYTE);
                assertThat(Arrays.copyOfRange(got, 1, 1 + size))
                        .isEqualTo(Arrays.copyOfRange(expected, from, from + size));
                assertThat(got[0]).isEqualTo((byte) 0x55);
                assertThat(got[size + 1]).isEqualTo((byte) 0x55);
                MemorySegment whole = kind.allocate(arena, expected.length).asSlice(0, expected.length);
                reader.read(slot, 0, whole);
                assertThat(whole.toArray(ValueLayout.JAVA_BYTE)).isEqualTo(expected);
            }
        }
    }

    /// A load goes other ways than a reader does: whole blocks, region by region.
    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void whatIsPlannedCanBeLoaded(@ForAll("wishes") Wish wish) throws IOException {
        if (!wish.isPossible()) {
            return;
        }
        TestModel bytes = wish.model();
        LoadOptions options =
                LoadOptions.defaults().threads(1).decoder(wish.decoder()).memoryCheck(false);
        try (Model model = open(bytes);
                TensorStore store = TensorStore.load(model, wish.form(), options)) {
            assertThat(TestModel.bytesOf(store.tensors().iterator().next())).isEqualTo(wish.expected(bytes));
        }
    }
}
