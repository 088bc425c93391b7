package dev.ffmstore.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ffmstore.LoadOptions;
import dev.ffmstore.Names;
import dev.ffmstore.TensorStore;
import dev.ffmstore.formats.Irpa;
import dev.ffmstore.gguf.GgufFile;
import dev.ffmstore.gguf.Source;
import dev.ffmstore.mlir.Bake;
import dev.ffmstore.mlir.DeclaredTypes;
import dev.ffmstore.mlir.ModuleException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The Java examples of docs/how-to-tinyllama-iree-reference.md, compiled and run. Each stands here word for word,
/// in
/// the order of the document.
class ExportDocExamplesTest {
    private static final Pattern SNIPPET = Pattern.compile("(?ms)^```java\\n(.*?)^```$");

    @TempDir
    Path folder;

    private Path model;

    @BeforeEach
    void copyModel() throws IOException {
        model = folder.resolve("tinyllama.gguf");
        try (InputStream resource = ExportDocExamplesTest.class.getResourceAsStream("/models/tiny.Q4_K_M.gguf")) {
            Files.copy(resource, model);
        }
    }

    @Test
    void everyExampleIsInThisClass() throws IOException {
        String here = bare(Files.readString(Path.of("src/test/java/dev/ffmstore/export/ExportDocExamplesTest.java")));
        List<String> snippets = SNIPPET.matcher(Files.readString(Path.of("../../docs/how-to-tinyllama-iree-reference.md")))
                .results()
                .map((MatchResult found) -> found.group(1))
                .toList();
        assertThat(snippets).hasSize(4).allSatisfy(snippet -> assertThat(here).contains(bare(snippet)));
    }

    /// Code without comments and white space, so that the formatter may break lines as it likes.
    private static String bare(String code) {
        return code.replaceAll("//[^\n]*", "").replaceAll("\\s", "");
    }

    static void exportTraced(Path model, Path module, Path weights) throws IOException {
        LoadOptions options = LoadOptions.defaults().names(Names.hf());
        try (GgufFile file = GgufFile.open(model)) {
            ConstantSource constants = Constants.of(file, options); // nothing is loaded
            Files.writeString(module, declarations(constants));
            new Exporter(constants, ExportOptions.defaults()).write(weights, Irpa.layout(constants));
        }
    }

    static String declarations(ConstantSource constants) {
        return constants.constants().stream()
                .map(constant -> "util.global private @\"%1$s\" = #flow.parameter.named<\"model\"::\"%1$s\"> : %2$s\n"
                        .formatted(constant.name(), type(constant)))
                .collect(Collectors.joining());
    }

    static String type(Constant constant) {
        String dimensions =
                LongStream.of(constant.shape().toArray()).mapToObj(n -> n + "x").collect(Collectors.joining());
        return "tensor<" + dimensions + constant.dtype().name().toLowerCase(Locale.ROOT) + ">";
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

    static void copyElements(ConstantSource constants, Constant constant, WritableByteChannel out) throws IOException {
        try (ConstantReader reader = constants.openReader(); // one for each thread
                Arena arena = Arena.ofConfined()) {
            MemorySegment piece = arena.allocate(1 << 20);
            for (long offset = 0; offset < constant.byteSize(); offset += piece.byteSize()) {
                long size = Math.min(piece.byteSize(), constant.byteSize() - offset);
                reader.read(constant, offset, piece.asSlice(0, size));
                ByteBuffer bytes = piece.asSlice(0, size).asByteBuffer();
                while (bytes.hasRemaining()) {
                    out.write(bytes);
                }
            }
        }
    }

    static MemorySegment elements(TensorStore store, String name) {
        return Constants.of(store).constants().stream()
                .filter(constant -> constant.name().equals(name))
                .findFirst()
                .flatMap(Constant::segment)
                .orElseThrow();
    }

    @Test
    void elementsOfAFileAndOfAStore() throws IOException {
        try (GgufFile file = GgufFile.open(model);
                TensorStore store = TensorStore.load(model)) {
            ConstantSource constants = Constants.of(file, LoadOptions.defaults());
            for (Constant constant : constants.constants()) {
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
        try (GgufFile file = GgufFile.open(model);
                Source module = Source.of(template)) {
            ConstantSource constants = Constants.of(file, LoadOptions.defaults());
            Bake baked = Bake.of(module, constants, DeclaredTypes.none());
            new Exporter(constants, ExportOptions.defaults()).write(out, baked.layout());
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
