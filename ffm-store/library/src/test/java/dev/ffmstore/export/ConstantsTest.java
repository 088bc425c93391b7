package dev.ffmstore.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ffmstore.DType;
import dev.ffmstore.DTypes;
import dev.ffmstore.LoadOptions;
import dev.ffmstore.NameFilter;
import dev.ffmstore.Names;
import dev.ffmstore.TensorStore;
import dev.ffmstore.TestModel;
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

class ConstantsTest {
    private static final LoadOptions MIXED = LoadOptions.defaults()
            .threads(2)
            .dtypes(DTypes.all(DType.F16).with("of.Q*", DType.BF16).with("of.F32", DType.F32));

    @TempDir
    private Path folder;

    private static byte[] bytes(ConstantSource source, Constant constant) throws IOException {
        try (ConstantReader reader = source.openReader();
                Arena arena = Arena.ofConfined()) {
            MemorySegment target = arena.allocate(constant.byteSize());
            reader.read(constant, 0, target);
            return target.toArray(ValueLayout.JAVA_BYTE);
        }
    }

    @Test
    void ofAFileTheyAreItsTensorsDecoded() throws IOException {
        TestModel model = TestModel.ofEveryType();
        try (GgufFile file = GgufFile.open(new ByteSource(model.bytes()), GgufOptions.defaults())) {
            ConstantSource source = Constants.of(file, LoadOptions.defaults());
            assertThat(source.name()).isEqualTo(file.name());
            assertThat(source.convention()).isEqualTo("gguf");
            assertThat(source.constants()).hasSameSizeAs(file.tensors());
            for (int i = 0; i < file.tensors().size(); i++) {
                Constant constant = source.constants().get(i);
                assertThat(constant.name()).isEqualTo(file.tensors().get(i).name());
                assertThat(constant.shape()).isEqualTo(file.tensors().get(i).shape());
                assertThat(constant.storedType())
                        .isEqualTo(file.tensors().get(i).type().name());
                assertThat(constant.segment()).isEmpty();
                assertThat(bytes(source, constant)).as(constant.name()).isEqualTo(model.dense(constant.name()));
            }
            source.checkUnchanged();
        }
    }

    @Test
    void areTheSameOfAFileOfAStoreAndOfAStoreLoadedInThatForm() throws IOException {
        Path path = TestModel.ofEveryType().writeTo(folder);
        try (GgufFile file = GgufFile.open(path);
                TensorStore plain =
                        TensorStore.load(path, LoadOptions.defaults().threads(2));
                TensorStore converted = TensorStore.load(path, MIXED)) {
            List<ConstantSource> sources = List.of(
                    Constants.of(file, MIXED),
                    Constants.of(plain, MIXED),
                    Constants.of(converted),
                    Constants.of(converted, MIXED));
            List<Constant> first = sources.getFirst().constants();
            assertThat(first).extracting(Constant::dtype).contains(DType.F32, DType.F16, DType.BF16, DType.I64);
            for (Constant constant : first) {
                byte[] expected = bytes(sources.getFirst(), constant);
                assertThat(expected).hasSize(Math.toIntExact(constant.byteSize()));
                for (ConstantSource other : sources) {
                    Constant same = other.constants().get(first.indexOf(constant));
                    assertThat(same)
                            .usingRecursiveComparison()
                            .ignoringFields("segment")
                            .isEqualTo(constant);
                    assertThat(bytes(other, same)).as(constant.name()).isEqualTo(expected);
                }
            }
        }
    }

    @Test
    void haveASegmentWhereTheStoreHasThemInThatForm() throws IOException {
        try (TensorStore store = TensorStore.load(TestModel.ofEveryType().writeTo(folder))) {
            for (Constant constant : Constants.of(store, MIXED).constants()) {
                boolean kept = constant.dtype() == store.tensor(constant.name()).dtype();
                assertThat(constant.segment())
                        .isEqualTo(
                                kept ? Optional.of(store.tensor(constant.name()).segment()) : Optional.empty());
            }
        }
    }

    @Test
    void renamesAndAliasesShareBytes() throws IOException {
        Path path = TestModel.ofEveryType().writeTo(folder);
        Names names = Names.of("mine", List.of("of.* = T/*", "of.Q4_K = quant", "of.Q4_K = tied"));
        LoadOptions options = LoadOptions.defaults().names(names);
        try (GgufFile file = GgufFile.open(path);
                TensorStore store = TensorStore.load(file, options);
                TensorStore plain = TensorStore.load(file, LoadOptions.defaults())) {
            for (ConstantSource source :
                    List.of(Constants.of(file, options), Constants.of(store), Constants.of(plain, options))) {
                assertThat(source.convention()).isEqualTo("mine");
                assertThat(source.constants())
                        .extracting(Constant::name)
                        .contains("T/Q5_K", "quant", "empty")
                        .doesNotContain("of.Q4_K", "T/Q4_K")
                        .doesNotHaveDuplicates()
                        .endsWith("tied");
                Constant tied = source.constants().getLast();
                assertThat(tied.aliasOf()).contains("quant");
                assertThat(bytes(source, tied))
                        .isEqualTo(TestModel.ofEveryType().dense("of.Q4_K"));
            }
            assertThat(store.tensor("tied").segment())
                    .isEqualTo(store.tensor("quant").segment());
            assertThat(store.tensors()).hasSize(file.tensors().size() + 1);
            assertThatThrownBy(() -> Constants.of(store, options))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("loaded with the names of mine");
        }
    }

    @Test
    void refusesRangesOutsideAndConstantsOfOthers() throws IOException {
        try (GgufFile file =
                        GgufFile.open(new ByteSource(TestModel.ofEveryType().bytes()), GgufOptions.defaults());
                Arena arena = Arena.ofConfined()) {
            ConstantSource all = Constants.of(file, LoadOptions.defaults());
            ConstantSource one =
                    Constants.of(file, LoadOptions.defaults().filter(new NameFilter(List.of("scalar"), List.of())));
            Constant scalar = one.constants().getFirst();
            try (ConstantReader reader = one.openReader()) {
                assertThatThrownBy(() -> reader.read(scalar, 1, arena.allocate(4)))
                        .isInstanceOf(IndexOutOfBoundsException.class);
                assertThatThrownBy(() -> reader.read(scalar, -1, arena.allocate(1)))
                        .isInstanceOf(IndexOutOfBoundsException.class);
                assertThatThrownBy(() -> reader.read(all.constants().getFirst(), 0, arena.allocate(1)))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("no constant of.F32");
            }
        }
    }

    @Test
    void noticesThatTheFileHasChangedAndThatTheStoreIsClosed() throws IOException {
        Path path = TestModel.ofEveryType().writeTo(folder);
        try (GgufFile file = GgufFile.open(path)) {
            ConstantSource source = Constants.of(file, LoadOptions.defaults());
            source.checkUnchanged();
            Files.write(path, new byte[] {0}, java.nio.file.StandardOpenOption.APPEND);
            assertThatThrownBy(source::checkUnchanged)
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("has changed");
        }
        List<ConstantSource> ofStore = new ArrayList<>();
        try (TensorStore store = TensorStore.load(TestModel.ofEveryType().writeTo(folder))) {
            ofStore.add(Constants.of(store));
        }
        Constant constant = ofStore.getFirst().constants().getFirst();
        try (ConstantReader reader = ofStore.getFirst().openReader();
                Arena arena = Arena.ofConfined()) {
            assertThatThrownBy(() -> reader.read(constant, 0, arena.allocate(4)))
                    .isInstanceOf(IllegalStateException.class);
        }
        assertThatThrownBy(ofStore.getFirst()::checkUnchanged).isInstanceOf(IllegalStateException.class);
    }
}
