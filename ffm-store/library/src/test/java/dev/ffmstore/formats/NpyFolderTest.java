package dev.ffmstore.formats;

import static dev.ffmstore.formats.WeightFiles.floats;
import static dev.ffmstore.formats.WeightFiles.npy;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ffmstore.DType;
import dev.ffmstore.ModelException;
import dev.ffmstore.TensorReader;
import dev.ffmstore.TensorSlot;
import dev.ffmstore.TensorSource;
import dev.ffmstore.gguf.Shape;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class NpyFolderTest {
    private static final String TENSOR = "{\"name\":\"x/y\",\"file\":\"a.npy\",\"dtype\":\"F32\",\"shape\":[2,1]}";

    @TempDir
    Path folder;

    private void write(String name, byte[] bytes) throws IOException {
        Files.write(folder.resolve(name), bytes);
    }

    private void writeIndex(String tensors) throws IOException {
        Files.writeString(
                folder.resolve("index.json"), "{\"names\":\"hf\",\"version\":1,\"tensors\":[" + tensors + "]}");
    }

    @Test
    void readsAnIndexedFolder() throws IOException {
        write("a.npy", npy("<f4", "(2, 1)", floats(1, 2)));
        write("b.npy", npy("<u2", "(1,)", new byte[] {3, 4}));
        write("stray.npy", new byte[3]);
        writeIndex(TENSOR + ",{\"name\":\"b\",\"file\":\"b.npy\",\"dtype\":\"BF16\",\"shape\":[1],\"more\":[{}]}");
        assertThat(Dense.bytes(Dense.source(folder)))
                .containsExactly(
                        Map.entry("x/y", Dense.list(floats(1, 2))), Map.entry("b", Dense.list((byte) 3, (byte) 4)));
        assertThat(Dense.source(folder).convention()).isEqualTo("hf");
        assertThat(Dense.source(folder).tensors().getFirst().shape()).isEqualTo(Shape.of(2, 1));
        assertThat(Dense.source(folder).tensors().getLast().dtype()).isEqualTo(DType.BF16);
    }

    @Test
    void tiedTensorsHaveOneFile() throws IOException {
        write("a.npy", npy("<f4", "(2, 1)", floats(1, 2)));
        writeIndex(TENSOR + "," + TENSOR.replace("x/y", "tied"));
        assertThat(Dense.source(folder).tensors())
                .extracting(TensorSlot::aliasOf)
                .containsExactly(Optional.empty(), Optional.of("x/y"));
        assertThat(Dense.bytes(Dense.source(folder)))
                .containsExactly(
                        Map.entry("x/y", Dense.list(floats(1, 2))), Map.entry("tied", Dense.list(floats(1, 2))));
    }

    @Test
    void aFileThatManyTensorsShareIsReadOnce() throws Exception {
        write("a.npy", npy("<f4", "(2, 1)", floats(1, 2)));
        writeIndex(IntStream.range(0, 10_000)
                .mapToObj(i -> TENSOR.replace("x/y", "tied " + i))
                .collect(Collectors.joining(",")));
        try (Recording recording = new Recording()) {
            recording.enable("jdk.FileRead").withThreshold(Duration.ZERO);
            recording.start();
            assertThat(Dense.source(folder).tensors()).hasSize(10_000);
            recording.stop();
            assertThat(reads(recording, folder.resolve("a.npy"))).isBetween(1L, 10L);
        }
    }

    private long reads(Recording recording, Path file) throws IOException {
        Path events = folder.resolve("reads.jfr");
        recording.dump(events);
        return RecordingFile.readAllEvents(events).stream()
                .filter(event -> file.toString().equals(event.getString("path")))
                .count();
    }

    @Test
    void everyTensorOfASharedFileMustBeWhatTheFileHolds() throws IOException {
        write("a.npy", npy("<u2", "(2, 1)", new byte[] {1, 2, 3, 4}));
        String tensor = TENSOR.replace("F32", "BF16");
        for (String other : List.of("I16", "F16")) {
            writeIndex(tensor + "," + tensor.replace("x/y", "tied").replace("BF16", other));
            assertThatThrownBy(() -> Dense.source(folder))
                    .isInstanceOf(ModelException.class)
                    .hasMessageContaining("its type is not the index's: expected " + other + ", got <u2");
        }
        writeIndex(tensor + "," + tensor.replace("x/y", "tied").replace("[2,1]", "[1,2]"));
        assertThatThrownBy(() -> Dense.source(folder)).hasMessageContaining("its shape is not the index's");
    }

    @ParameterizedTest
    @CsvSource({
        "<f4, F32",
        "<f2, F16",
        "<f8, F64",
        "|i1, I8",
        "<i2, I16",
        "<i4, I32",
        "<i8, I64",
        "|b1, BOOL",
        "|u1, U8",
        "<u2, U16",
        "<u4, U32",
        "<u8, U64",
        "<c8, C64",
        "<V2, BF16",
        "|V2, BF16"
    })
    void readsAFolderWithoutAnIndex(String descr, DType dtype) throws IOException {
        write("b.w.npy", npy(descr, "()", new byte[dtype.byteSize()]));
        write("a.npy", npy(descr, "(3, 2)", new byte[6 * dtype.byteSize()]));
        write("readme.txt", new byte[1]);
        assertThat(Dense.source(folder).tensors()).extracting(TensorSlot::name).containsExactly("a", "b.w");
        assertThat(Dense.source(folder).tensors()).extracting(TensorSlot::dtype).containsOnly(dtype);
        assertThat(Dense.source(folder).tensors())
                .extracting(TensorSlot::shape)
                .containsExactly(Shape.of(3, 2), Shape.of());
    }

    @Test
    void readsTheLaterVersionsAndAnyOrderOfTheHeader() throws IOException {
        String dictionary = "{ 'shape':(2,1,),'fortran_order' : False,'descr':'<f4'}\n";
        byte[] text = dictionary.getBytes(StandardCharsets.UTF_8);
        for (byte major = 2; major <= 3; major++) {
            write(
                    "a.npy",
                    WeightFiles.little(12 + text.length + 8)
                            .put(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', major, 0})
                            .putInt(text.length)
                            .put(text)
                            .put(floats(1, 2))
                            .array());
            assertThat(Dense.bytes(Dense.source(folder))).containsExactly(Map.entry("a", Dense.list(floats(1, 2))));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{}",
                "{'descr': '<f4', 'fortran_order': False}",
                "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), 'more': True}",
                "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 1)}",
                "{'descr': '>f4', 'fortran_order': False, 'shape': (2, 1)}",
                "{'descr': '<U4', 'fortran_order': False, 'shape': (2, 1)}",
                "{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (2, 1)}",
                "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2, 1)}",
                "{'descr': '<f4', 'fortran_order': False, 'shape': (2, -1)}",
                "{'descr': '<f4', 'fortran_order': False, 'shape': (2 1)}",
                "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}",
                "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4)}",
                "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 1)}",
                "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1)}",
                "{'descr': '<f4', 'fortran_order': False, 'shape': 2}",
                "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1)} x",
                "'descr': '<f4', 'fortran_order': False, 'shape': (2, 1)}",
                "{'descr': '<f4' 'fortran_order': False, 'shape': (2, 1)}"
            })
    void refusesAMalformedHeader(String dictionary) throws IOException {
        write("a.npy", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1)}", floats(1, 2)));
        assertThat(Dense.source(folder).tensors()).hasSize(1); // it is the change that is refused
        write("a.npy", npy(dictionary, floats(1, 2)));
        assertThatThrownBy(() -> Dense.source(folder))
                .isInstanceOf(ModelException.class)
                .hasMessageStartingWith(folder.resolve("a.npy") + ": ")
                .message()
                .doesNotContain("\n");
    }

    @Test
    void refusesWhatIsNoArray() throws IOException {
        byte[] right = npy("<f4", "(2, 1)", floats(1, 2));
        for (int size : new int[] {0, 5, 11, 12, 40, right.length - 1}) {
            write("a.npy", Arrays.copyOf(right, size));
            assertThatThrownBy(() -> Dense.source(folder)).isInstanceOf(ModelException.class);
        }
        byte[] version = right.clone();
        version[6] = 4;
        write("a.npy", version);
        assertThatThrownBy(() -> Dense.source(folder)).hasMessageContaining("version of the .npy file");
        byte[] magic = right.clone();
        magic[0] = 0;
        write("a.npy", magic);
        assertThatThrownBy(() -> Dense.source(folder)).hasMessageContaining("is no .npy file");
    }

    @Test
    void refusesAnEmptyFolder() {
        assertThatThrownBy(() -> Dense.source(folder))
                .isInstanceOf(ModelException.class)
                .hasMessage(
                        folder + ": is no model: expected the index of safetensors shards, or .npy files, got a folder"
                                + " of other things");
    }

    static Stream<Arguments> malformedIndexes() {
        return Stream.of(
                Arguments.of(TENSOR.replace("F32", "I32"), "its type is not the index's: expected I32, got <f4"),
                Arguments.of(TENSOR.replace("F32", "F8"), "tensor x/y: its dtype is not read"),
                Arguments.of(TENSOR.replace("[2,1]", "[1,2]"), "its shape is not the index's"),
                Arguments.of(TENSOR.replace("a.npy", "../a.npy"), "names another file"),
                Arguments.of(TENSOR.replace("a.npy", "/a.npy"), "names another file"),
                Arguments.of(TENSOR.replace("file", "fil"), "lacks name, file, dtype or shape"),
                Arguments.of(TENSOR + "," + TENSOR, "two tensors have the name x/y"),
                Arguments.of("[]", "expected an object"),
                Arguments.of("{", "not valid JSON"));
    }

    @ParameterizedTest
    @MethodSource("malformedIndexes")
    void refusesAMalformedIndex(String tensors, String reason) throws IOException {
        write("a.npy", npy("<f4", "(2, 1)", floats(1, 2)));
        writeIndex(TENSOR);
        assertThat(Dense.source(folder).tensors()).hasSize(1); // it is the change that is refused
        writeIndex(tensors);
        assertThatThrownBy(() -> Dense.source(folder))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining(reason);
        Files.writeString(folder.resolve("index.json"), "{}");
        assertThatThrownBy(() -> Dense.source(folder)).hasMessageContaining("the index has no tensors");
    }

    @Test
    void noticesAFileThatChanges() throws IOException {
        write("a.npy", npy("<f4", "(2, 1)", floats(1, 2)));
        TensorSource source = Dense.source(folder);
        source.checkUnchanged();
        write("a.npy", npy("<f4", "(3, 1)", floats(1, 2, 3)));
        assertThatThrownBy(source::checkUnchanged)
                .isInstanceOf(IOException.class)
                .hasMessageContaining("has changed");
        try (Arena arena = Arena.ofConfined();
                TensorReader reader = source.reader()) {
            assertThatThrownBy(() -> reader.read(source.tensors().getFirst(), 0, arena.allocate(4)))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("has changed");
        }
    }

    @Test
    void namesAFileThatIsMissing() throws IOException {
        writeIndex(TENSOR);
        assertThatThrownBy(() -> Dense.source(folder)).isInstanceOf(NoSuchFileException.class);
    }
}
