package dev.ffmstore.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ffmstore.Model;
import dev.ffmstore.Names;
import dev.ffmstore.TensorForm;
import dev.ffmstore.TensorReader;
import dev.ffmstore.TensorSlot;
import dev.ffmstore.TensorSource;
import dev.ffmstore.TensorStore;
import dev.ffmstore.fixtures.DocExamples;
import dev.ffmstore.formats.Irpa;
import dev.ffmstore.gguf.Source;
import dev.ffmstore.mlir.Bake;
import dev.ffmstore.mlir.DeclaredTypes;
import dev.ffmstore.mlir.ModuleException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The Java examples of docs/how-to-tinyllama-iree-reference.md, compiled and run. Each stands here word for word,
/// in the order of the document.
class ExportDocExamplesTest {
    @TempDir
    Path folder;

    private Path model;

    @BeforeEach
    void copyModel() throws IOException {
        model = DocExamples.copyModel(folder);
    }

    @Test
    void everyExampleIsInThisClass() throws IOException {
        assertThat(DocExamples.requireAllIn(ExportDocExamplesTest.class, "docs/how-to-tinyllama-iree-reference.md"))
                .isEqualTo(4);
    }

    static void exportTraced(Path model, Path module, Path weights) throws IOException {
        try (Model opened = Model.open(model)) {
            TensorSource tensors = TensorSource.of(opened, TensorForm.dense().names(Names.hf())); // nothing is loaded
            Files.writeString(module, declarations(tensors));
            new Exporter(ExportOptions.defaults()).write(weights, Irpa.layout(tensors));
        }
    }

    static String declarations(TensorSource tensors) {
        return tensors.tensors().stream()
                .map(tensor -> "util.global private @\"%1$s\" = #flow.parameter.named<\"model\"::\"%1$s\"> : %2$s\n"
                        .formatted(tensor.name(), type(tensor)))
                .collect(Collectors.joining());
    }

    static String type(TensorSlot tensor) {
        String dimensions =
                LongStream.of(tensor.shape().toArray()).mapToObj(n -> n + "x").collect(Collectors.joining());
        return "tensor<" + dimensions + tensor.dtype().name().toLowerCase(Locale.ROOT) + ">";
    }

    @Test
    void aTracedModel() throws IOException {
        Path module = folder.resolve("model.mlir");
        Path weights = folder.resolve("model.irpa");
        exportTraced(model, module, weights);

        assertThat(Files.readAllLines(module))
                .hasSize(21)
                .contains("util.global private @\"model.layers.1.self_attn.k_proj.weight\" = #flow.parameter.named"
                        + "<\"model\"::\"model.layers.1.self_attn.k_proj.weight\"> : tensor<128x256xf32>");
        assertThat(Files.size(weights)).isGreaterThan(5_772_288).isLessThan(5_772_288 + 16_384);
    }

    static void copyElements(TensorSource tensors, TensorSlot tensor, WritableByteChannel out) throws IOException {
        try (TensorReader reader = tensors.reader(); // one for each thread
                Arena arena = Arena.ofConfined()) {
            MemorySegment piece = arena.allocate(1 << 20);
            for (long offset = 0; offset < tensor.byteSize(); offset += piece.byteSize()) {
                long size = Math.min(piece.byteSize(), tensor.byteSize() - offset);
                reader.read(tensor, offset, piece.asSlice(0, size));
                ByteBuffer bytes = piece.asSlice(0, size).asByteBuffer();
                while (bytes.hasRemaining()) {
                    out.write(bytes);
                }
            }
        }
    }

    static MemorySegment elements(TensorStore store, String name) throws IOException {
        TensorSource tensors = TensorSource.of(store.model(), TensorForm.dense());
        return tensors.view(tensors.tensor(name)).orElseThrow();
    }

    @Test
    void elementsOfAFileAndOfAStore() throws IOException {
        try (Model opened = Model.open(model);
                TensorStore store = TensorStore.load(model)) {
            TensorSource constants = TensorSource.of(opened, TensorForm.dense());
            for (TensorSlot constant : constants.tensors()) {
                ByteArrayOutputStream copied = new ByteArrayOutputStream();
                copyElements(constants, constant, Channels.newChannel(copied));
                assertThat(copied.toByteArray())
                        .as(constant.name())
                        .isEqualTo(elements(store, constant.name()).toArray(ValueLayout.JAVA_BYTE));
            }
            assertThat(elements(store, "output.weight")
                            .mismatch(store.tensor("output.weight").segment()))
                    .isEqualTo(-1);
        }
    }

    static void bake(Path template, Path model, Path out) throws IOException {
        try (Model opened = Model.open(model);
                Source module = Source.of(template)) {
            TensorSource tensors = TensorSource.of(opened, TensorForm.dense());
            Bake baked = Bake.of(module, tensors, DeclaredTypes.none());
            new Exporter(ExportOptions.defaults()).write(out, baked.layout());
        }
    }

    @Test
    void aTemplateIsFilled() throws IOException {
        Path template = Files.writeString(folder.resolve("template.mlir"), """
                func.func @norm() -> tensor<256xf32> {
                  %0 = stablehlo.constant dense_resource<"output_norm.weight"> : tensor<256xf32>
                  return %0 : tensor<256xf32>
                }
                """);
        Path out = folder.resolve("norm.mlir");
        bake(template, model, out);

        assertThat(Files.readString(out))
                .startsWith(Files.readString(template).stripTrailing())
                .contains("dialect_resources");
        assertThat(Files.size(out) - Files.size(template)).isGreaterThan(2 * 256 * Float.BYTES);

        Path wrong =
                Files.writeString(template, Files.readString(template).replace("tensor<256xf32>", "tensor<255xf32>"));
        assertThatThrownBy(() -> bake(wrong, model, folder.resolve("wrong.mlir")))
                .isInstanceOf(ModuleException.class)
                .hasMessageContaining("tensor<255xf32>");
    }
}
