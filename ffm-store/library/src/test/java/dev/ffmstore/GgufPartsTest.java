package dev.ffmstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.gguf.GgufException;
import dev.ffmstore.gguf.GgufOptions;
import dev.ffmstore.gguf.MetadataType;
import dev.ffmstore.gguf.Shape;
import dev.ffmstore.gguf.TensorInfo;
import dev.ffmstore.internal.gguf.GgufWriter;
import dev.ffmstore.internal.measure.TensorDigests;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterTry;
import net.jqwik.api.lifecycle.BeforeTry;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class GgufPartsTest {
    private static final GgmlType[] TYPES = {GgmlType.Q4_K, GgmlType.F32, GgmlType.Q8_0, GgmlType.BF16, GgmlType.I16};

    private Path folder = Path.of("");

    @BeforeEach
    @BeforeTry
    void makeFolder() throws IOException {
        folder = Files.createTempDirectory("parts");
    }

    @AfterEach
    @AfterTry
    void deleteFolder() throws IOException {
        try (var files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(folder);
    }

    private static String name(int part, int count) {
        return String.format("m-%05d-of-%05d.gguf", part, count);
    }

    /// A part that says of itself what is true, unless a test changes it.
    private static GgufWriter part(int number, int count, int tensors) {
        GgufWriter writer = new GgufWriter(3);
        if (number == 0) {
            writer.putString("general.architecture", "llama");
        }
        return writer.putInteger("split.no", MetadataType.UINT16, number)
                .putInteger("split.count", MetadataType.UINT16, count)
                .putInteger("split.tensors.count", MetadataType.INT32, tensors);
    }

    private static void tensor(GgufWriter writer, int number) {
        writer.tensor("blk." + number + ".weight", TYPES[number % TYPES.length], Shape.of(1 + number % 3, 256));
    }

    /// Writes a file whose tensors have the bytes that their names determine.
    private Path write(String name, GgufWriter writer) throws IOException {
        byte[] file = Arrays.copyOf(writer.header(), Math.toIntExact(writer.fileSize()));
        for (TensorInfo tensor : writer.tensors()) {
            for (int i = 0; i < tensor.byteSize(); i++) {
                file[(int) tensor.offset() + i] = (byte) (tensor.name().hashCode() * 31 + i * i);
            }
        }
        return Files.write(folder.resolve(name), file);
    }

    private void writeParts(int count, int tensors) throws IOException {
        for (int number = 0; number < count; number++) {
            GgufWriter writer = part(number, count, tensors);
            for (int i = tensors * number / count; i < tensors * (number + 1) / count; i++) {
                tensor(writer, i);
            }
            write(name(number + 1, count), writer);
        }
    }

    private static List<String> digests(Path path, int threads) throws IOException {
        try (Model model = Model.open(path)) {
            TensorSource source = TensorSource.of(model, TensorForm.dense());
            List<String> digests = new ArrayList<>();
            TensorDigests.run(source, source.tensors(), threads, new TensorDigests.Listener() {
                @Override
                public void digest(TensorSlot tensor, String sha256) {
                    digests.add(tensor.name() + " " + sha256);
                }

                @Override
                public void progress(long doneBytes) {}
            });
            return digests;
        }
    }

    @Property(tries = 60)
    void allPartsAreTheWholeWhicheverIsOpened(
            @ForAll @IntRange(min = 2, max = 9) int count,
            @ForAll @IntRange(min = 0, max = 30) int tensors,
            @ForAll @IntRange(min = 0, max = 8) int opened,
            @ForAll @IntRange(min = 1, max = 3) int threads)
            throws IOException {
        GgufWriter whole = new GgufWriter(3).putString("general.architecture", "llama");
        IntStream.range(0, tensors).forEach(i -> tensor(whole, i));
        writeParts(count, tensors);
        Path path = folder.resolve(name(1 + opened % count, count));
        assertThat(digests(path, threads)).isEqualTo(digests(write("whole.gguf", whole), threads));
        try (Model model = Model.open(path);
                TensorStore store = TensorStore.load(model)) {
            assertThat(model.gguf()).hasSize(count);
            assertThat(model.name()).endsWith(name(1, count));
            assertThat(model.metadata().string("general.architecture")).isEqualTo("llama");
            assertThat(store.tensors()).hasSize(tensors);
        }
    }

    @Test
    void whatDoesNotFitIsRefusedAndNamed() throws IOException {
        writeParts(3, 6);
        Path first = folder.resolve(name(1, 3));
        Files.move(folder.resolve(name(3, 3)), folder.resolve("away"));
        refused(first, name(3, 3) + ": is missing: it is part 3 of 3, as " + name(1, 3) + " is part 1");
        Files.copy(folder.resolve(name(2, 3)), folder.resolve(name(3, 3)));
        refused(first, name(3, 3) + ": is named as part 3 of 3, but split.no says 1, counted from 0");
        Files.delete(folder.resolve(name(3, 3)));
        Files.move(folder.resolve("away"), folder.resolve(name(3, 3)));
        Path other = folder.resolve("other.gguf");
        Files.copy(first, other);
        refused(other, "other.gguf: is part 1 of 3 of a split model");
        GgufWriter more = part(1, 3, 6);
        tensor(more, 0);
        tensor(more, 3);
        write(name(2, 3), more);
        refused(first, name(2, 3) + ": tensor blk.0.weight is already in " + name(1, 3));
        write(name(2, 3), part(1, 3, 6));
        refused(first, name(1, 3) + ": has 4 tensors in all its parts, but split.tensors.count says 6");
        write(name(2, 3), part(1, 3, 6).putString("general.architecture", "qwen2"));
        refused(
                first,
                name(2, 3) + ": is of another model than " + name(1, 3)
                        + ": metadata key general.architecture is llama there");
        GgufWriter plain = new GgufWriter(3);
        write(name(2, 3), plain);
        refused(
                folder.resolve(name(2, 3)),
                "is named as part 2 of 3 of a split model, but the metadata key split.count");
        try (Model part = Model.openPart(first, GgufOptions.defaults())) {
            assertThat(part.tensors()).hasSize(2);
        }
    }

    private static void refused(Path path, String message) {
        assertThatThrownBy(() -> Model.open(path).close())
                .isInstanceOf(GgufException.class)
                .hasMessageContaining(message);
    }

    @Test
    void originalShapesCountUnlessStoredOnesAreWanted() throws IOException {
        GgufWriter writer = new GgufWriter(3)
                .putIntegers("comfy.gguf.orig_shape.a", MetadataType.INT32, 2, 4, 4)
                .putIntegers("comfy.gguf.orig_shape.b", MetadataType.INT32, 7)
                .putString("comfy.gguf.orig_shape.c", "2, 16")
                .tensor("a", GgmlType.Q8_0, Shape.of(32))
                .tensor("b", GgmlType.F32, Shape.of(4, 2))
                .tensor("c", GgmlType.F32, Shape.of(32));
        try (Model model = Model.open(write("m.gguf", writer))) {
            assertThat(model.tensor("a").shape()).isEqualTo(Shape.of(2, 4, 4));
            assertThat(model.tensor("b").shape()).isEqualTo(Shape.of(4, 2));
            List<String> warnings = new ArrayList<>(model.warnings());
            assertThat(warnings).anyMatch(one -> one.startsWith("tensor b keeps the shape [4, 2]"));
            assertThat(warnings).anyMatch(one -> one.startsWith("tensor c keeps the shape [32]"));
            assertThat(model.withStoredShapes().tensor("a").shape()).isEqualTo(Shape.of(32));
        }
    }

    @Test
    void whatIsNoModelIsSaid() throws IOException {
        said(
                "LoRA adapter",
                new GgufWriter(3).putString("general.type", "adapter").putString("adapter.type", "lora"));
        said("importance matrix", new GgufWriter(3).putString("general.type", "imatrix"));
        said("control vector", new GgufWriter(3).putString("general.architecture", "controlvector"));
        said("multimodal projector", new GgufWriter(3).putString("general.architecture", "clip"));
        said("vocabulary only", new GgufWriter(3).putStrings("tokenizer.ggml.tokens", List.of("a")));
    }

    private void said(String what, GgufWriter writer) throws IOException {
        try (Model model = Model.open(write("m.gguf", writer))) {
            assertThat(model.warnings()).singleElement().asString().contains(what);
        }
    }
}
