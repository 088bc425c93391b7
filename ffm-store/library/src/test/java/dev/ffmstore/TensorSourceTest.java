package dev.ffmstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ffmstore.gguf.ByteSource;
import dev.ffmstore.gguf.GgufFile;
import dev.ffmstore.gguf.GgufOptions;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TensorSourceTest {
    private static final LoadOptions TWO = LoadOptions.defaults().threads(2);
    private static final TensorForm MIXED = TensorForm.dense()
            .dtypes(DTypes.all(DType.F16).with("of.Q*", DType.BF16).with("of.F32", DType.F32));

    @TempDir
    private Path folder;

    private static byte[] bytes(TensorSource source, TensorSlot constant) throws IOException {
        try (TensorReader reader = source.reader();
                Arena arena = Arena.ofConfined()) {
            MemorySegment target = arena.allocate(constant.byteSize());
            reader.read(constant, 0, target);
            return target.toArray(ValueLayout.JAVA_BYTE);
        }
    }

    @Test
    void ofAFileTheyAreItsTensorsDecoded() throws IOException {
        TestModel model = TestModel.ofEveryType();
        try (Model file = Model.of(GgufFile.open(new ByteSource(model.bytes()), GgufOptions.defaults()))) {
            TensorSource source = TensorSource.of(file, TensorForm.dense());
            assertThat(source.name()).isEqualTo(file.name());
            assertThat(source.convention()).isEqualTo("gguf");
            assertThat(source.tensors()).hasSameSizeAs(file.tensors());
            for (int i = 0; i < file.tensors().size(); i++) {
                TensorSlot constant = source.tensors().get(i);
                assertThat(constant.name()).isEqualTo(file.tensors().get(i).name());
                assertThat(constant.shape()).isEqualTo(file.tensors().get(i).shape());
                assertThat(constant.stored().origin())
                        .isEqualTo(file.tensors().get(i).type().name());
                assertThat(source.view(constant)).isEmpty();
                assertThat(bytes(source, constant)).as(constant.name()).isEqualTo(model.dense(constant.name()));
            }
            source.checkUnchanged();
        }
    }

    @Test
    void areTheSameOfAFileOfAStoreAndOfAStoreLoadedInThatForm() throws IOException {
        Path path = TestModel.ofEveryType().writeTo(folder);
        try (Model file = Model.open(path);
                TensorStore plain = TensorStore.load(path, TensorForm.dense(), TWO);
                TensorStore converted = TensorStore.load(path, MIXED, TWO)) {
            List<TensorSource> sources = List.of(
                    TensorSource.of(file, MIXED),
                    TensorSource.of(plain.model(), MIXED),
                    TensorSource.of(converted.model(), TensorForm.dense()),
                    TensorSource.of(converted.model(), MIXED));
            List<TensorSlot> first = sources.getFirst().tensors();
            assertThat(first).extracting(TensorSlot::dtype).contains(DType.F32, DType.F16, DType.BF16, DType.I64);
            for (TensorSlot constant : first) {
                byte[] expected = bytes(sources.getFirst(), constant);
                assertThat(expected).hasSize(Math.toIntExact(constant.byteSize()));
                for (TensorSource other : sources) {
                    TensorSlot same = other.tensors().get(first.indexOf(constant));
                    assertThat(same)
                            .usingRecursiveComparison()
                            .ignoringFields("shares", "offset")
                            .isEqualTo(constant);
                    assertThat(same.shape()).isEqualTo(constant.shape());
                    assertThat(same.stored().origin())
                            .isEqualTo(constant.stored().origin());
                    assertThat(bytes(other, same)).as(constant.name()).isEqualTo(expected);
                }
            }
        }
    }

    @Test
    void haveASegmentWhereTheStoreHasThemInThatForm() throws IOException {
        try (TensorStore store = TensorStore.load(TestModel.ofEveryType().writeTo(folder))) {
            TensorSource source = TensorSource.of(store.model(), MIXED);
            for (TensorSlot constant : source.tensors()) {
                boolean kept = constant.dtype() == store.tensor(constant.name()).dtype();
                assertThat(source.view(constant))
                        .isEqualTo(
                                kept ? Optional.of(store.tensor(constant.name()).segment()) : Optional.empty());
            }
        }
    }

    @Test
    void renamesAndAliasesShareBytes() throws IOException {
        Path path = TestModel.ofEveryType().writeTo(folder);
        Names names = Names.of("mine", List.of("of.* = T/*", "of.Q4_K = quant", "of.Q4_K = tied"));
        TensorForm form = TensorForm.dense().names(names);
        try (Model file = Model.open(path);
                TensorStore store = TensorStore.load(file, form, LoadOptions.defaults());
                TensorStore plain = TensorStore.load(file)) {
            for (TensorSource source : List.of(
                    TensorSource.of(file, form),
                    TensorSource.of(store.model(), TensorForm.dense()),
                    TensorSource.of(plain.model(), form))) {
                assertThat(source.convention()).isEqualTo("mine");
                assertThat(source.tensors())
                        .extracting(TensorSlot::name)
                        .contains("T/Q5_K", "quant", "empty")
                        .doesNotContain("of.Q4_K", "T/Q4_K")
                        .doesNotHaveDuplicates()
                        .endsWith("tied");
                TensorSlot tied = source.tensors().getLast();
                assertThat(tied.aliasOf()).contains("quant");
                assertThat(bytes(source, tied))
                        .isEqualTo(TestModel.ofEveryType().dense("of.Q4_K"));
            }
            assertThat(store.tensor("tied").segment())
                    .isEqualTo(store.tensor("quant").segment());
            assertThat(store.tensors()).hasSize(file.tensors().size() + 1);
            assertThat(TensorSource.of(store.model(), form).convention()).isEqualTo("mine");
            assertThatThrownBy(() -> TensorSource.of(store.model(), form.names(Names.hf())))
                    .isInstanceOf(ModelException.class)
                    .hasMessageContaining("has the names of mine, which cannot be translated to those of hf");
        }
    }

    @Test
    void refusesRangesOutsideAndConstantsOfOthers() throws IOException {
        try (Model file = Model.of(
                        GgufFile.open(new ByteSource(TestModel.ofEveryType().bytes()), GgufOptions.defaults()));
                Model another =
                        Model.of(GgufFile.open(new ByteSource(TestModel.large().bytes()), GgufOptions.defaults()));
                Arena arena = Arena.ofConfined()) {
            TensorSource other = TensorSource.of(another, TensorForm.dense());
            TensorSource one =
                    TensorSource.of(file, TensorForm.dense().filter(new NameFilter(List.of("scalar"), List.of())));
            TensorSlot scalar = one.tensors().getFirst();
            try (TensorReader reader = one.reader()) {
                assertThatThrownBy(() -> reader.read(scalar, 1, arena.allocate(4)))
                        .isInstanceOf(IndexOutOfBoundsException.class);
                assertThatThrownBy(() -> reader.read(scalar, -1, arena.allocate(1)))
                        .isInstanceOf(IndexOutOfBoundsException.class);
                assertThatThrownBy(() -> reader.read(other.tensors().getFirst(), 0, arena.allocate(1)))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("tensor first is not of this model");
            }
        }
    }

    @Test
    void noticesThatTheFileHasChangedAndThatTheStoreIsClosed() throws IOException {
        Path path = TestModel.ofEveryType().writeTo(folder);
        try (Model file = Model.open(path)) {
            TensorSource source = TensorSource.of(file, TensorForm.dense());
            source.checkUnchanged();
            Files.write(path, new byte[] {0}, java.nio.file.StandardOpenOption.APPEND);
            assertThatThrownBy(source::checkUnchanged)
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("has changed");
        }
        List<TensorSource> ofStore = new ArrayList<>();
        try (TensorStore store = TensorStore.load(TestModel.ofEveryType().writeTo(folder))) {
            ofStore.add(TensorSource.of(store.model(), TensorForm.dense()));
        }
        TensorSlot constant = ofStore.getFirst().tensors().getFirst();
        try (TensorReader reader = ofStore.getFirst().reader();
                Arena arena = Arena.ofConfined()) {
            assertThatThrownBy(() -> reader.read(constant, 0, arena.allocate(4)))
                    .isInstanceOf(IllegalStateException.class);
        }
        assertThatThrownBy(ofStore.getFirst()::checkUnchanged).isInstanceOf(IllegalStateException.class);
    }
}
