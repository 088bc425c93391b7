package dev.ffmstore;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.gguf.ByteSource;
import dev.ffmstore.gguf.GgufFile;
import dev.ffmstore.gguf.GgufOptions;
import dev.ffmstore.gguf.MetadataType;
import dev.ffmstore.gguf.Shape;
import dev.ffmstore.gguf.Source;
import dev.ffmstore.internal.gguf.GgufWriter;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// However small the rows are that a tensor is taken apart into, its file is read in pieces of many of them.
class LinearReadsTest {
    private static final int ROWS = 1 << 20;
    private static final int SLICES = 100_000;

    /// A model of one tensor, and as many reads as it may take.
    ///
    /// @param most how many reads at most
    private record Case(String what, TestModel model, TensorForm form, long most) {
        @Override
        public String toString() {
            return what;
        }
    }

    private static GgufWriter llama() {
        return new GgufWriter(3)
                .putString("general.architecture", "llama")
                .putInteger("llama.attention.head_count", MetadataType.UINT32, 4);
    }

    static Stream<Case> cases() {
        TensorForm hf = TensorForm.dense()
                .names(Names.hf())
                .filter(new NameFilter(List.of("blk.0.attn_k.weight"), List.of()))
                .scales(TensorForm.Scales.APPLIED);
        TensorForm halves = hf.dtypes(DTypes.all(DType.F16));
        Stream<Case> rows = Stream.of(GgmlType.F32, GgmlType.F16, GgmlType.F64, GgmlType.I8)
                .flatMap(type -> Stream.of(Shape.of(ROWS), Shape.of(ROWS, 1)).flatMap(shape -> {
                    TestModel model = TestModel.fill(llama().tensor("blk.0.attn_k.weight", type, shape));
                    String what = type + " " + shape;
                    return Stream.of(
                            new Case(what, model, hf, ROWS / 100),
                            new Case(what + " to F16", model, halves, ROWS / 100));
                }));
        TensorForm scaled = TensorForm.dense()
                .filter(new NameFilter(List.of("*.weight"), List.of()))
                .scales(TensorForm.Scales.APPLIED);
        TestModel slices = TestModel.fill(llama().tensor("blk.0.attn_k.weight", GgmlType.NVFP4, Shape.of(SLICES, 1, 64))
                .tensor("blk.0.attn_k.scale", GgmlType.F32, Shape.of(SLICES)));
        return Stream.concat(
                rows,
                Stream.of(
                        new Case("scaled slices", slices, scaled, SLICES / 100),
                        new Case("scaled slices to F16", slices, scaled.dtypes(DTypes.all(DType.F16)), SLICES / 100),
                        new Case("scaled slices of heads", slices, hf, SLICES / 100),
                        new Case("scaled slices of heads to F16", slices, halves, SLICES / 100)));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void byAReader(Case wanted) throws IOException {
        CountingSource bytes = new CountingSource(wanted.model().bytes());
        try (Model model = Model.of(GgufFile.open(bytes, GgufOptions.defaults()));
                Arena arena = Arena.ofConfined()) {
            TensorSource source = TensorSource.of(model, wanted.form(), DecoderChoice.SCALAR);
            TensorSlot slot = source.tensors().getFirst();
            bytes.reads.set(0);
            try (TensorReader reader = source.reader()) {
                reader.read(slot, 0, arena.allocate(slot.byteSize()));
            }
            assertThat(bytes.reads.get()).isBetween(1L, wanted.most());
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void byALoad(Case wanted) throws IOException {
        CountingSource bytes = new CountingSource(wanted.model().bytes());
        try (Model model = Model.of(GgufFile.open(bytes, GgufOptions.defaults()))) {
            bytes.reads.set(0);
            LoadOptions options = LoadOptions.defaults().threads(2).decoder(DecoderChoice.SCALAR);
            TensorStore.load(model, wanted.form(), options).close();
            assertThat(bytes.reads.get()).isBetween(1L, wanted.most());
        }
    }

    private static final class CountingSource implements Source {
        final AtomicLong reads = new AtomicLong();
        private final byte[] bytes;

        CountingSource(byte[] bytes) {
            this.bytes = bytes;
        }

        @Override
        public String name() {
            return ByteSource.NAME;
        }

        @Override
        public long size() {
            return bytes.length;
        }

        @Override
        public Identity identity() {
            return new Identity(bytes.length, "never", "");
        }

        @Override
        public void read(long offset, MemorySegment target) {
            reads.incrementAndGet();
            MemorySegment.copy(MemorySegment.ofArray(bytes), offset, target, 0, target.byteSize());
        }

        @Override
        public void close() {
            // nothing is open
        }
    }
}
