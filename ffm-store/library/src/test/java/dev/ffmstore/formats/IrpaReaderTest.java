package dev.ffmstore.formats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ffmstore.DType;
import dev.ffmstore.DTypes;
import dev.ffmstore.Model;
import dev.ffmstore.ModelException;
import dev.ffmstore.StoredTensor;
import dev.ffmstore.TensorForm;
import dev.ffmstore.TensorSlot;
import dev.ffmstore.TensorSource;
import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.gguf.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class IrpaReaderTest {
    @TempDir
    Path folder;

    private Model read(byte[] bytes) throws IOException {
        return Model.open(Files.write(folder.resolve("model.irpa"), bytes));
    }

    private static List<String> names(Model model) {
        return model.tensors().stream().map(StoredTensor::name).toList();
    }

    /// A tensor that is known from elsewhere, so its place is of no account.
    private static StoredTensor typed(String name, DType dtype, long... dimensions) {
        Shape shape = Shape.of(dimensions);
        return new StoredTensor(
                name, GgmlType.valueOf(dtype.name()), shape, 3, 4711, shape.elementCount() * dtype.byteSize());
    }

    @Test
    void readsDataSplatsAndSharedStorage() throws IOException {
        Model archive = read(WeightFiles.irpa()
                .data("weight \"ü\"", new byte[] {1, 2, 3, 4})
                .other("skipped", 0)
                .splat("splat", 6, (byte) 7, (byte) 8)
                .shared("shared", 0, 4)
                .shared("tied", 0, 4)
                .data("empty", new byte[0])
                .data("unknown", new byte[] {5})
                .bytes());
        assertThat(names(archive)).containsExactly("weight \"ü\"", "splat", "shared", "tied", "empty", "unknown");
        Model typed = archive.typedBy(List.of(
                typed("weight \"ü\"", DType.F32, 1),
                typed("splat", DType.I16, 3),
                typed("shared", DType.F16, 1, 2),
                typed("tied", DType.F32, 1),
                typed("empty", DType.F32, 0, 5),
                typed("unknown", DType.F32, 7),
                typed("elsewhere", DType.F32, 1)));
        TensorSource source = TensorSource.of(typed, TensorForm.dense().dtypes(DTypes.stored()));
        assertThat(Dense.bytes(source))
                .containsExactly(
                        Map.entry("weight \"ü\"", Dense.list((byte) 1, (byte) 2, (byte) 3, (byte) 4)),
                        Map.entry("splat", Dense.list((byte) 7, (byte) 8, (byte) 7, (byte) 8, (byte) 7, (byte) 8)),
                        Map.entry("shared", Dense.list((byte) 1, (byte) 2, (byte) 3, (byte) 4)),
                        Map.entry("empty", List.of()),
                        Map.entry("unknown", Dense.list((byte) 5)),
                        Map.entry("tied", Dense.list((byte) 1, (byte) 2, (byte) 3, (byte) 4)));
        List<TensorSlot> constants = source.tensors();
        assertThat(constants.get(2).dtype()).isEqualTo(DType.F16);
        assertThat(constants.get(2).shape()).isEqualTo(Shape.of(1, 2));
        assertThat(constants.get(2).aliasOf()).isEmpty(); // of another type: these bytes mean something else
        assertThat(source.tensor("tied").aliasOf()).isEqualTo(Optional.of("weight \"ü\""));
        assertThat(source.tensor("unknown").stored().origin()).isEqualTo(StoredTensor.UNTYPED);
        assertThat(source.tensor("unknown").shape()).isEqualTo(Shape.of(1));
    }

    @Test
    void anArchiveMayHaveNoEntries() throws IOException {
        assertThat(read(WeightFiles.irpa().bytes()).tensors()).isEmpty();
    }

    private static Arguments broken(String reason, Consumer<ByteBuffer> change) {
        return Arguments.of(reason, change);
    }

    /// The table of entries starts at 96: `a` there, `s`, a splat, at 176.
    static Stream<Arguments> malformed() {
        return Stream.of(
                broken("magic: expected IRPA", file -> file.put(0, (byte) 0)),
                broken("major version: expected 0, got 1", file -> file.putShort(4, (short) 1)),
                broken("minor version: expected 0, got 65535", file -> file.putShort(6, (short) -1)),
                broken("header size: expected 88, got 40", file -> file.putLong(8, 40)),
                broken("linked headers are not read", file -> file.putLong(16, 4096)),
                broken("flags of the header", file -> file.putLong(24, 1)),
                broken("number of entries: expected at most 2", file -> file.putLong(32, 3)),
                broken("number of entries", file -> file.putLong(32, -1)),
                broken("entries: expected a range within 4096 bytes", file -> file.putLong(40, 5000)),
                broken("metadata: expected a range", file -> file.putLong(64, Long.MAX_VALUE)),
                broken("storage: expected a range", file -> file.putLong(80, -1)),
                broken("its size: expected 76 to 165, got 75", file -> file.putLong(96, 75)),
                broken("its size", file -> file.putLong(96, Long.MAX_VALUE)),
                broken("its size", file -> file.putLong(96, -1)),
                broken("room for it", file -> file.putLong(96, 160)),
                broken("its data is in another file", file -> file.putInt(104, 3)),
                broken("its type: expected 0 to 2, got 4294967295", file -> file.putInt(104, -1)),
                broken("its name: expected a range", file -> file.putLong(116, 3)),
                broken("its name: expected a range", file -> file.putLong(124, Long.MAX_VALUE)),
                broken("length of its name: expected 1", file -> file.putLong(124, 0)),
                broken("two entries have the name a", file -> file.putLong(196, 0)),
                broken("its name is not valid UTF-8", file -> file.put(261, (byte) 0xFF)),
                broken("its metadata: expected a range", file -> file.putLong(132, 3)),
                broken("its data: expected a range within 4 bytes", file -> file.putLong(156, 1)),
                broken("its data: expected a range", file -> file.putLong(164, 5)),
                broken("its data: expected a range", file -> file.putLong(164, -1)),
                broken("length of its pattern: expected 1, 2, 4, 8 or 16, got 3", file -> file.put(260, (byte) 3)),
                broken("length of its pattern", file -> file.put(260, (byte) 0)),
                broken("length of its pattern", file -> file.put(260, (byte) 32)),
                broken("its length: expected a multiple of 2, got 7", file -> file.putLong(236, 7)),
                broken("its length", file -> file.putLong(236, -2)));
    }

    @ParameterizedTest
    @MethodSource("malformed")
    void refusesWhatIsMalformed(String reason, Consumer<ByteBuffer> change) throws IOException {
        byte[] bytes = WeightFiles.irpa()
                .data("a", new byte[] {1, 2, 3, 4})
                .splat("s", 6, (byte) 7, (byte) 8)
                .bytes();
        read(bytes); // it is the change that is refused
        change.accept(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN));
        assertThatThrownBy(() -> read(bytes)).isInstanceOf(ModelException.class).hasMessageContaining(reason);
    }

    @Test
    void refusesAFileThatIsCut() throws IOException {
        byte[] bytes = WeightFiles.irpa().data("a", new byte[] {1, 2, 3, 4}).bytes();
        for (int size : List.of(0, 4, 87, 88, 96, 100, 172)) {
            assertThatThrownBy(() -> read(Arrays.copyOf(bytes, size))).isInstanceOf(ModelException.class);
        }
    }
}
