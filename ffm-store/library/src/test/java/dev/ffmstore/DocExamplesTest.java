package dev.ffmstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ffmstore.export.ExportOptions;
import dev.ffmstore.export.Exporter;
import dev.ffmstore.fixtures.DocExamples;
import dev.ffmstore.ggml.BlockDecoders;
import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.gguf.GgufException;
import dev.ffmstore.gguf.GgufFile;
import dev.ffmstore.gguf.Metadata;
import dev.ffmstore.gguf.MetadataValue;
import dev.ffmstore.gguf.Source;
import dev.ffmstore.gguf.TensorInfo;
import dev.ffmstore.mlir.Bake;
import dev.ffmstore.mlir.DeclaredTypes;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The Java examples of README.md and docs/how-to-load-a-model.md, compiled and run. Each stands here word for
/// word, in the order of the documents; the comment before it names the section.
class DocExamplesTest {
    @TempDir
    Path folder;

    private Path model;

    @BeforeEach
    void copyModel() throws IOException {
        model = DocExamples.copyModel(folder);
    }

    @ParameterizedTest
    @ValueSource(strings = {"README.md", "docs/how-to-load-a-model.md", "docs/reference-bake-and-mlir.md"})
    void everyExampleIsInThisClass(String document) throws IOException {
        DocExamples.requireAllIn(DocExamplesTest.class, document);
    }

    // README: Library
    private static float readme(Path path) throws IOException {
        try (TensorStore store = TensorStore.load(path)) {
            Tensor k = store.tensor("blk.0.attn_k.weight"); // row-major shape, F32
            MemorySegment weights = k.segment(); // off-heap, read-only, readable from every thread
            return weights.getAtIndex(ValueLayout.JAVA_FLOAT, 0);
        }
    }

    @Test
    void readme() throws IOException {
        try (GgufFile file = GgufFile.open(model)) {
            assertThat(readme(model)).isEqualTo(rowOf(file, "blk.0.attn_k.weight", 0)[0]);
        }
    }

    // how-to: Open a file
    static void describe(Path path, PrintStream out) throws IOException {
        try (GgufFile file = GgufFile.open(path)) {
            out.println(file.metadata().string("general.architecture"));
            for (TensorInfo tensor : file.tensors()) {
                out.println(tensor.name() + " " + tensor.type() + " " + tensor.shape());
            }
            file.warnings().forEach(out::println);
        }
    }

    @Test
    void openAFile() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        describe(model, new PrintStream(out, true, StandardCharsets.UTF_8));
        assertThat(out.toString(StandardCharsets.UTF_8).lines())
                .startsWith("llama", "output.weight Q6_K [512, 256]")
                .hasSize(22);
    }

    // how-to: Read hyperparameters
    record Llama(int layers, int width, int heads, int kvHeads, double epsilon, double ropeBase) {
        static Llama of(Metadata metadata) {
            String prefix = metadata.string("general.architecture") + ".";
            long heads = metadata.integer(prefix + "attention.head_count");
            return new Llama(
                    Math.toIntExact(metadata.integer(prefix + "block_count")),
                    Math.toIntExact(metadata.integer(prefix + "embedding_length")),
                    Math.toIntExact(heads),
                    Math.toIntExact(metadata.integer(prefix + "attention.head_count_kv", heads)),
                    metadata.real(prefix + "attention.layer_norm_rms_epsilon"),
                    metadata.real(prefix + "rope.freq_base", 10_000));
        }
    }

    // how-to: Read hyperparameters
    static List<String> vocabulary(Metadata metadata) {
        MetadataValue.Array tokens = metadata.array("tokenizer.ggml.tokens");
        List<String> vocabulary = new ArrayList<>(Math.toIntExact(tokens.size()));
        for (Object token : tokens) {
            vocabulary.add((String) token);
        }
        return vocabulary;
    }

    @Test
    void readHyperparameters() throws IOException {
        try (TensorStore store = TensorStore.load(model)) {
            assertThat(Llama.of(store.metadata())).isEqualTo(new Llama(2, 256, 8, 4, 1e-5f, 10_000));
            assertThat(vocabulary(store.metadata()))
                    .hasSize(512)
                    .last()
                    .isEqualTo(store.metadata().array("tokenizer.ggml.tokens").string(511));
        }
    }

    // how-to: Plan
    static TensorStore loadIfSmall(Path path, long mostBytes, PrintStream out) throws IOException {
        try (Model model = Model.open(path)) {
            TensorPlan plan = TensorPlan.of(model, TensorForm.dense());
            out.println(plan); // a table of the tensors and a line of totals
            if (plan.regionBytes() > mostBytes) {
                throw new IOException(path + " takes " + plan.regionBytes() + " bytes");
            }
            return TensorStore.load(model); // the store does not need the model any more
        }
    }

    @Test
    void plan() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (TensorStore store = loadIfSmall(model, 1 << 24, new PrintStream(out, true, StandardCharsets.UTF_8))) {
            assertThat(store.tensors()).hasSize(21);
        }
        assertThat(out.toString(StandardCharsets.UTF_8))
                .contains("21 tensors, 892160 bytes in the file, 5772288 bytes dense");
        assertThatThrownBy(() -> loadIfSmall(model, 1 << 20, new PrintStream(out, true, StandardCharsets.UTF_8)))
                .hasMessageContaining("takes 5772288 bytes");
    }

    // how-to: Choose tensors
    static TensorStore loadFirstLayers(Path path) throws IOException {
        NameFilter filter = new NameFilter(List.of("token_embd.weight", "blk.{0,1}.*"), List.of("*_norm.weight"));
        return TensorStore.load(path, TensorForm.dense().filter(filter), LoadOptions.defaults());
    }

    @Test
    void chooseTensors() throws IOException {
        try (TensorStore store = loadFirstLayers(model)) {
            assertThat(store.tensors()).hasSize(15);
            assertThat(store.find("blk.0.attn_norm.weight")).isEmpty();
        }
    }

    // how-to: Other types and names
    static TensorStore loadAsBfloat16(Path path) throws IOException {
        DTypes types = DTypes.all(DType.BF16).with("*_norm.weight", DType.F32);
        TensorForm form = TensorForm.dense().dtypes(types).names(Names.hf());
        return TensorStore.load(path, form, LoadOptions.defaults());
    }

    @Test
    void otherTypesAndNames() throws IOException {
        try (TensorStore store = loadAsBfloat16(model)) {
            assertThat(store.tensor("model.layers.0.self_attn.q_proj.weight").dtype())
                    .isEqualTo(DType.BF16);
            assertThat(store.tensor("model.norm.weight").dtype()).isEqualTo(DType.F32);
            assertThat(store.find("lm_head.weight")).isPresent();
            assertThat(store.plan().aliases()).isEmpty();
        }
    }

    // how-to: Threads and decoders
    static final LoadOptions TWO_SCALAR_WORKERS =
            LoadOptions.defaults().threads(2).decoder(DecoderChoice.SCALAR);

    @Test
    void threadsAndDecoders() throws IOException {
        try (TensorStore store = TensorStore.load(model, TensorForm.dense(), TWO_SCALAR_WORKERS)) {
            assertThat(store.report().threads()).isEqualTo(2);
            assertThat(store.report().decoder()).isEqualTo("scalar");
        }
    }

    // how-to: Progress
    static LoadOptions printingProgress(PrintStream out) {
        return LoadOptions.defaults().progress((done, total) -> out.printf("%d of %d bytes%n", done, total));
    }

    @Test
    void progress() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        PrintStream lines = new PrintStream(out, true, StandardCharsets.UTF_8);
        TensorStore.load(model, TensorForm.dense(), printingProgress(lines)).close();
        assertThat(out.toString(StandardCharsets.UTF_8).lines()).last().isEqualTo("5772288 of 5772288 bytes");
    }

    // how-to: Bring an arena
    static float sumOfTwoModels(Path first, Path second) throws IOException {
        try (Arena arena = Arena.ofShared()) {
            LoadOptions options = LoadOptions.defaults().arena(arena);
            Tensor a = TensorStore.load(first, TensorForm.dense(), options).tensor("output_norm.weight");
            Tensor b = TensorStore.load(second, TensorForm.dense(), options).tensor("output_norm.weight");
            return element(a, 0, 0) + element(b, 0, 0);
        } // frees the tensors of both
    }

    @Test
    void bringAnArena() throws IOException {
        try (TensorStore store = TensorStore.load(model)) {
            float one = element(store.tensor("output_norm.weight"), 0, 0);
            assertThat(sumOfTwoModels(model, model)).isEqualTo(2 * one).isNotZero();
        }
    }

    // how-to: Read elements
    static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT.withOrder(ByteOrder.LITTLE_ENDIAN);

    static float element(Tensor tensor, long row, long column) {
        return tensor.segment().getAtIndex(F32, row * tensor.shape().rowLength() + column);
    }

    // how-to: Read elements
    static float[] row(Tensor tensor, long row) {
        float[] values = new float[Math.toIntExact(tensor.shape().rowLength())];
        long offset = row * values.length * Float.BYTES;
        MemorySegment.copy(tensor.segment(), F32, offset, values, 0, values.length);
        return values;
    }

    // how-to: Read elements
    static FloatBuffer rows(Tensor tensor, long first, int count) {
        long rowBytes = tensor.shape().rowLength() * Float.BYTES;
        MemorySegment part = tensor.segment().asSlice(first * rowBytes, count * rowBytes);
        return part.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
    }

    // how-to: Read elements
    static Object first(Tensor tensor) {
        MemorySegment s = tensor.segment();
        return switch (tensor.dtype()) {
            case F32 -> s.get(F32, 0);
            case F64 -> s.get(ValueLayout.JAVA_DOUBLE.withOrder(ByteOrder.LITTLE_ENDIAN), 0);
            case I8 -> s.get(ValueLayout.JAVA_BYTE, 0);
            case I16 -> s.get(ValueLayout.JAVA_SHORT.withOrder(ByteOrder.LITTLE_ENDIAN), 0);
            case I32 -> s.get(ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN), 0);
            case I64 -> s.get(ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN), 0);
            default -> throw new AssertionError("not of this model without TensorForm.dtypes");
        };
    }

    @Test
    void readElements() throws IOException {
        try (TensorStore store = TensorStore.load(model);
                GgufFile file = GgufFile.open(model)) {
            Tensor tensor = store.tensor("token_embd.weight");
            float[] row = row(tensor, 3);
            assertThat(row).isEqualTo(rowOf(file, "token_embd.weight", 3));
            assertThat(element(tensor, 3, 17)).isEqualTo(row[17]);
            assertThat(rows(tensor, 2, 2).get(256 + 17)).isEqualTo(row[17]);
        }
        TestModel everyType = TestModel.ofEveryType();
        try (TensorStore store = TensorStore.load(everyType.writeTo(folder))) {
            for (GgmlType type :
                    List.of(GgmlType.F32, GgmlType.F64, GgmlType.I8, GgmlType.I16, GgmlType.I32, GgmlType.I64)) {
                Tensor tensor = store.tensor("of." + type);
                byte[] dense = everyType.dense(tensor.name());
                long raw = 0;
                for (int i = tensor.dtype().byteSize() - 1; i >= 0; i--) {
                    raw = raw << 8 | dense[i];
                }
                Object expected = switch (tensor.dtype()) {
                    case F32 -> Float.intBitsToFloat((int) raw);
                    case F64 -> Double.longBitsToDouble(raw);
                    case I8 -> (byte) raw;
                    case I16 -> (short) raw;
                    case I32 -> (int) raw;
                    default -> raw;
                };
                assertThat(first(tensor)).isEqualTo(expected);
            }
        }
    }

    // how-to: Use many threads
    static double[] multiply(Tensor matrix, float[] vector) {
        return LongStream.range(0, matrix.shape().dimension(0))
                .parallel()
                .mapToDouble(row -> dot(matrix.segment(), row * vector.length, vector))
                .toArray();
    }

    static double dot(MemorySegment matrix, long start, float[] vector) {
        double sum = 0;
        for (int i = 0; i < vector.length; i++) {
            sum += matrix.getAtIndex(F32, start + i) * vector[i];
        }
        return sum;
    }

    @Test
    void useManyThreads() throws IOException {
        try (TensorStore store = TensorStore.load(model)) {
            Tensor k = store.tensor("blk.0.attn_k.weight");
            float[] unit = new float[256];
            unit[5] = 1;
            double[] column = multiply(k, unit);
            assertThat(column).hasSize(128);
            for (int i = 0; i < column.length; i++) {
                assertThat(column[i]).isEqualTo(element(k, i, 5));
            }
        }
    }

    // how-to: Decode without a store
    static float[] rowOf(GgufFile file, String name, long row) throws IOException {
        TensorInfo tensor = file.tensor(name);
        float[] dense = new float[Math.toIntExact(tensor.shape().rowLength())];
        int blockCount = dense.length / tensor.type().blockLength();
        byte[] blocks = new byte[blockCount * tensor.type().blockBytes()];
        file.source().read(tensor.offset() + row * blocks.length, MemorySegment.ofArray(blocks));
        BlockDecoders.best()
                .of(tensor.ggmlType())
                .decode(MemorySegment.ofArray(blocks), 0, MemorySegment.ofArray(dense), 0, blockCount);
        return dense;
    }

    // how-to: Close
    static final LoadOptions PATIENT = LoadOptions.defaults().closeTimeout(Duration.ofMinutes(1));

    @Test
    void close() throws IOException {
        TensorStore store = TensorStore.load(model, TensorForm.dense(), PATIENT);
        MemorySegment segment = store.tensor("output.weight").segment();
        store.close();
        store.close();
        assertThat(store.isOpen()).isFalse();
        assertThatThrownBy(() -> segment.get(F32, 0)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(store::tensors).isInstanceOf(IllegalStateException.class);
    }

    // how-to: Errors
    static TensorStore loadOrExplain(Path path) {
        try {
            return TensorStore.load(path);
        } catch (GgufException | ModelException e) {
            throw new IllegalArgumentException("not a usable model: " + e.getMessage(), e);
        } catch (InsufficientMemoryException e) {
            throw new IllegalStateException(
                    "needs " + e.requiredBytes() + " bytes, there are " + e.availableBytes(), e);
        } catch (IOException e) {
            throw new IllegalStateException("cannot be read: " + e.getMessage(), e);
        }
    }

    @Test
    void errors() throws IOException {
        assertThatThrownBy(() -> loadOrExplain(Files.writeString(folder.resolve("text.gguf"), "no model")))
                .hasMessageStartingWith("not a usable model: ")
                .hasMessageContaining("offset=0, expected the magic \"GGUF\"");
        assertThatThrownBy(() -> loadOrExplain(folder.resolve("nothing.gguf")))
                .hasMessageStartingWith("cannot be read: ");
        try (TensorStore store = loadOrExplain(model)) {
            assertThatThrownBy(() -> store.tensor("blk.9.attn_k.weight")).isInstanceOf(NoSuchElementException.class);
        }
    }

    // reference-bake-and-mlir: Bake
    private static void bake(Path model, Path template, Path out) throws IOException {
        try (Model opened = Model.open(model);
                Source module = Source.of(template)) {
            TensorSource tensors = TensorSource.of(opened, TensorForm.dense());
            Bake bake = Bake.of(module, tensors, DeclaredTypes.none());
            new Exporter(ExportOptions.defaults()).write(out, bake.layout());
        }
    }

    @Test
    void bakeModules() throws IOException {
        String uses = "stablehlo.constant dense_resource<output_norm.weight> : tensor<256xf32>\n";
        Path out = folder.resolve("out.mlir");
        bake(model, Files.writeString(folder.resolve("module.mlir"), uses), out);
        assertThat(out).content().startsWith(uses).contains("\"output_norm.weight\": \"0x10000000");
    }
}
