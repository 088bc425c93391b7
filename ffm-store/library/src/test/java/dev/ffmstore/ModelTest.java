package dev.ffmstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ffmstore.formats.WeightFiles;
import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.gguf.ByteSource;
import dev.ffmstore.gguf.GgufException;
import dev.ffmstore.gguf.Metadata;
import dev.ffmstore.gguf.Shape;
import dev.ffmstore.gguf.Source;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.ServiceLoader;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelTest {
    private static final byte[] SAFETENSORS =
            WeightFiles.safetensors("{" + WeightFiles.field("a", "F32", "[1]", 0, 4) + "}", WeightFiles.floats(1));
    private static final byte[] IRPA =
            WeightFiles.irpa().data("a", WeightFiles.floats(1)).bytes();

    @TempDir
    Path folder;

    private Model.Format formatOf(String name, byte[] bytes) throws IOException {
        try (Model model = Model.open(Files.write(folder.resolve(name), bytes))) {
            assertThat(model.name()).isEqualTo(folder.resolve(name).toString());
            assertThat(model.tensors()).isNotEmpty();
            return model.format();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"model.bin", "model.gguf", "model.safetensors", "model.irpa", "model", "model.json", "x.npy"})
    void isKnownByItsFirstBytesAndNotByItsName(String name) throws IOException {
        assertThat(formatOf(name, IRPA)).isEqualTo(Model.Format.IRPA);
        assertThat(formatOf(name, TestModel.ofEveryType().bytes())).isEqualTo(Model.Format.GGUF);
        if (!name.endsWith(".json")) { // which is read as an index
            assertThat(formatOf(name, SAFETENSORS)).isEqualTo(Model.Format.SAFETENSORS);
        }
    }

    /// The name decides who says what is wrong.
    @Test
    void isRefusedByTheFormatOfItsNameWhereItsBytesSayNothing() throws IOException {
        for (String name : List.of("x.safetensors", "x.json", "x.irpa")) {
            for (byte[] bytes : List.of(new byte[0], new byte[] {1, 2, 3}, new byte[4096])) {
                Path path = Files.write(folder.resolve(name), bytes);
                assertThatThrownBy(() -> Model.open(path))
                        .isInstanceOf(ModelException.class)
                        .hasMessageStartingWith(path + ": ");
            }
        }
        Path path = Files.write(folder.resolve("x"), new byte[4096]);
        assertThatThrownBy(() -> Model.open(path))
                .isInstanceOf(GgufException.class)
                .hasMessageStartingWith(path + ": ");
    }

    @Test
    void isNoFolderOfOtherThings() throws IOException {
        assertThatThrownBy(() -> Model.open(folder))
                .isInstanceOf(ModelException.class)
                .hasMessageStartingWith(folder + ": is no model");
        Files.writeString(folder.resolve("readme.txt"), "GGUF");
        Files.createDirectory(folder.resolve("x.irpa"));
        assertThatThrownBy(() -> Model.open(folder)).isInstanceOf(ModelException.class);
        assertThatThrownBy(() -> Model.open(folder.resolve("x.irpa")))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("is no model");
        assertThatThrownBy(() -> Model.open(folder.resolve("nothing"))).isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void holdsNoFileOpenAfterItIsClosedOrRefused() throws IOException {
        Path path = Files.write(folder.resolve("x.irpa"), IRPA);
        Model.open(path).close();
        Path cut = Files.write(folder.resolve("cut.irpa"), Arrays.copyOf(IRPA, 90));
        assertThatThrownBy(() -> Model.open(cut)).isInstanceOf(ModelException.class);
        Path self = Path.of("/proc/self/fd");
        if (Files.exists(self)) {
            try (var open = Files.list(self)) {
                assertThat(open.map(ModelTest::target)).noneMatch(file -> file.startsWith(folder.toString()));
            }
        }
    }

    private static String target(Path link) {
        try {
            return Files.readSymbolicLink(link).toString();
        } catch (IOException e) {
            return ""; // of the listing itself, which is over
        }
    }

    /// A part that says when it is closed, and may fail to be.
    private static final class Part implements Source {
        private final String name;
        private final RuntimeException closing;
        private final IOException asking;
        int closed;

        Part(String name, RuntimeException closing, IOException asking) {
            this.name = name;
            this.closing = closing;
            this.asking = asking;
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public long size() {
            return 4;
        }

        @Override
        public Identity identity() throws IOException {
            if (asking != null) {
                throw asking;
            }
            return new Identity(4, "", name);
        }

        @Override
        public void read(long offset, MemorySegment target) {
            target.fill((byte) 7);
        }

        @Override
        public void close() throws IOException {
            closed++;
            if (closing != null) {
                throw new IOException(name, closing);
            }
        }
    }

    private static Model of(List<? extends Source> parts) throws IOException {
        List<StoredTensor> tensors = new ArrayList<>();
        for (int i = 0; i < parts.size(); i++) {
            tensors.add(new StoredTensor("t" + i, GgmlType.F32, Shape.of(1), i, 0, 4));
        }
        return Model.of(
                "test",
                Model.Format.SAFETENSORS,
                Model.UNKNOWN_CONVENTION,
                Metadata.empty(),
                List.copyOf(parts),
                tensors);
    }

    @Test
    void closesEveryPartEvenIfSomeFailTo() throws IOException {
        List<Part> parts = List.of(
                new Part("a", null, null),
                new Part("b", new IllegalStateException(), null),
                new Part("c", null, null),
                new Part("d", new IllegalStateException(), null),
                new Part("e", null, null));
        Model model = of(parts);
        assertThatThrownBy(model::close)
                .isInstanceOf(IOException.class)
                .hasMessage("b")
                .satisfies(failure -> assertThat(failure.getSuppressed())
                        .singleElement()
                        .satisfies(later -> assertThat(later).hasMessage("d")));
        assertThat(parts).allSatisfy(part -> assertThat(part.closed).isEqualTo(1));
    }

    @Test
    void closesEveryPartIfOneCannotBeAsked() {
        List<Part> parts = List.of(
                new Part("a", new IllegalStateException(), null),
                new Part("b", null, new IOException("gone")),
                new Part("c", null, null));
        assertThatThrownBy(() -> of(parts))
                .hasMessage("gone")
                .satisfies(failure -> assertThat(failure.getSuppressed())
                        .singleElement()
                        .satisfies(later -> assertThat(later).hasMessage("a")));
        assertThat(parts).allSatisfy(part -> assertThat(part.closed).isEqualTo(1));
    }

    @Test
    void findsItsTensors() throws IOException {
        try (Model model = of(List.of(new Part("a", null, null), new Part("b", null, null)))) {
            assertThat(model.tensor("t1").part()).isEqualTo(1);
            assertThat(model.find("t2")).isEmpty();
            assertThatThrownBy(() -> model.tensor("t\u202e"))
                    .isInstanceOf(NoSuchElementException.class)
                    .hasMessage("test: no tensor t\\u{202e}");
            assertThat(model.byteSize()).isEqualTo(8);
            assertThat(model).hasToString("test: safetensors model, 2 tensors");
        }
    }

    @Test
    void typedByGivesTypesToWhatHasNoneAndFits() throws IOException {
        StoredTensor typed = new StoredTensor("typed", GgmlType.I32, Shape.of(1), 0, 0, 4);
        StoredTensor untyped = new StoredTensor("untyped", GgmlType.I8, Shape.of(4), 0, 0, 4, StoredTensor.UNTYPED);
        StoredTensor other = new StoredTensor("other", GgmlType.I8, Shape.of(4), 0, 0, 4, StoredTensor.UNTYPED);
        StoredTensor tied = new StoredTensor("tied", GgmlType.I8, Shape.of(4), 0, 0, 4, StoredTensor.UNTYPED);
        StoredTensor apart = new StoredTensor("apart", GgmlType.I8, Shape.of(4), 0, 4, 4, StoredTensor.UNTYPED);
        try (Model model = Model.of(
                "test",
                Model.Format.IRPA,
                Model.UNKNOWN_CONVENTION,
                Metadata.empty(),
                List.of(new ByteSource(new byte[8])),
                List.of(typed, untyped, other, tied, apart))) {
            Model known = model.typedBy(List.of(
                    new StoredTensor("typed", GgmlType.F32, Shape.of(1), 5, 99, 4),
                    new StoredTensor("untyped", GgmlType.F16, Shape.of(2, 1), 5, 99, 4),
                    new StoredTensor("other", GgmlType.F32, Shape.of(2), 5, 99, 8)));
            assertThat(known.tensors())
                    .containsExactly(
                            typed,
                            new StoredTensor("untyped", GgmlType.F16, Shape.of(2, 1), 0, 0, 4),
                            other,
                            new StoredTensor("tied", GgmlType.I32, Shape.of(1), 0, 0, 4),
                            apart);
        }
    }

    /// A user of the class path finds the readers by a file, a user of the module path by the module's descriptor.
    @Test
    void bothKindsOfUsersFindTheSameReaders() throws IOException {
        String descriptor = Files.readString(Path.of("src/main/java/module-info.java"));
        Matcher provides = Pattern.compile("provides\\s+dev\\.ffmstore\\.Model\\.Reader\\s+with\\s+([^;]+);")
                .matcher(descriptor);
        assertThat(provides.find()).isTrue();
        List<String> ofTheModule =
                Arrays.stream(provides.group(1).split(",")).map(String::strip).toList();
        List<String> ofTheFile =
                Files.readAllLines(Path.of("src/main/resources/META-INF/services/dev.ffmstore.Model$Reader")).stream()
                        .map(line -> line.replaceAll("#.*", "").strip())
                        .filter(line -> !line.isEmpty())
                        .toList();
        assertThat(ofTheFile).isEqualTo(ofTheModule).isNotEmpty();
        assertThat(ServiceLoader.load(Model.Reader.class).stream()
                        .map(provider -> provider.type().getName()))
                .containsExactlyElementsOf(ofTheFile);
    }
}
