package dev.ffmstore.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.ffmstore.Model;
import dev.ffmstore.StoredTensor;
import dev.ffmstore.ggml.BlockDecoders;
import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.gguf.GgufFile;
import dev.ffmstore.gguf.Metadata;
import dev.ffmstore.gguf.Shape;
import dev.ffmstore.gguf.TensorInfo;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.zip.CRC32C;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DemoModelTest {
    @TempDir
    Path folder;

    @Test
    void hasExactlyTinyLlamasTensors() throws IOException {
        DemoModel model = new DemoModel(DemoModel.LAYERS);
        assertThat(model.tensors().stream().map(DemoModelTest::inventoryLine)).isEqualTo(inventory());
        assertThat(DemoModel.Size.of(DemoModel.LAYERS)).isEqualTo(new DemoModel.Size(667_078_656, 4_400_193_536L));
    }

    /// Name, GGUF's dimensions, type, bytes.
    private static String inventoryLine(TensorInfo tensor) {
        StringBuilder dimensions = new StringBuilder();
        for (int i = 0; i < 4; i++) {
            int axis = tensor.shape().rank() - 1 - i;
            dimensions
                    .append(i == 0 ? "" : ",")
                    .append(axis < 0 ? 1 : tensor.shape().dimension(axis));
        }
        String type = tensor.type().toString().toLowerCase(Locale.ROOT).replace("_k", "_K");
        return String.join("\t", tensor.name(), dimensions, type, Long.toString(tensor.byteSize()));
    }

    private static List<String> inventory() throws IOException {
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(
                new GZIPInputStream(DemoModelTest.class.getResourceAsStream("/models/tinyllama-q4_k_m.tsv.gz")),
                StandardCharsets.UTF_8))) {
            return lines.lines().skip(1).toList();
        }
    }

    @Test
    void hasTheMetadataOfALlama() throws IOException {
        try (GgufFile file = GgufFile.open(sparse(new DemoModel(2)))) {
            Metadata metadata = file.metadata();
            assertThat(metadata.string("general.architecture")).isEqualTo("llama");
            assertThat(metadata.integer("general.file_type")).isEqualTo(15);
            assertThat(metadata.integer("llama.block_count")).isEqualTo(2);
            assertThat(metadata.integer("llama.context_length")).isEqualTo(2048);
            assertThat(metadata.integer("llama.attention.head_count")).isEqualTo(32);
            assertThat(metadata.integer("llama.attention.head_count_kv")).isEqualTo(4);
            assertThat(metadata.integer("llama.rope.dimension_count")).isEqualTo(64);
            assertThat(metadata.real("llama.rope.freq_base")).isEqualTo(10_000);
            assertThat((float) metadata.real("llama.attention.layer_norm_rms_epsilon"))
                    .isEqualTo(1e-5f);
            Set<Object> tokens = new HashSet<>();
            metadata.array("tokenizer.ggml.tokens").forEach(tokens::add);
            assertThat(tokens).hasSize(32_000).contains("<unk>", "<0x00>", "<0xFF>", "\u2581ba");
            assertThat(metadata.array("tokenizer.ggml.scores").size()).isEqualTo(32_000);
            assertThat(metadata.array("tokenizer.ggml.token_type").size()).isEqualTo(32_000);
            assertThat(file.warnings()).isEmpty();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "F32,  1, 0.0115, 0.001",
        "Q4_K, 0, 0.02,   0.001",
        "Q6_K, 0, 0.02,   0.001",
    })
    void weightsAreSpreadAsInAModel(GgmlType type, double mean, double deviation, double tolerance) {
        float[] weights = decoded(type, 1);
        double sum = 0;
        for (float weight : weights) {
            sum += weight;
        }
        double actualMean = sum / weights.length;
        double squares = 0;
        for (float weight : weights) {
            squares += (weight - actualMean) * (weight - actualMean);
        }
        assertThat(actualMean).isCloseTo(mean, within(tolerance));
        assertThat(Math.sqrt(squares / weights.length)).isCloseTo(deviation, within(tolerance));
    }

    @Test
    void aSeedDecidesAboutEveryWeight() {
        assertThat(decoded(GgmlType.Q4_K, 1))
                .isEqualTo(decoded(GgmlType.Q4_K, 1))
                .isNotEqualTo(decoded(GgmlType.Q4_K, 2));
    }

    private static float[] decoded(GgmlType type, long seed) {
        long count = 65_536 / type.blockLength();
        TensorInfo tensor = new TensorInfo("t", type, Shape.of(65_536), 0, count * type.blockBytes());
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment blocks = arena.allocate(tensor.byteSize());
            DemoBlocks.write(tensor, seed, blocks, count);
            MemorySegment dense = arena.allocate(tensor.denseByteSize());
            BlockDecoders.scalar().of(type).decode(blocks, 0, dense, 0, count);
            return dense.toArray(ValueLayout.JAVA_FLOAT);
        }
    }

    @Test
    void partsHoldTheBlocksOfTheWhole() throws Exception {
        DemoModel whole = new DemoModel(1);
        DemoModel split = new DemoModel(1, 3);
        List<Path> file = List.of(folder.resolve("whole.gguf"));
        List<Path> files =
                DemoModel.fileNames(1, 3).stream().map(folder::resolve).toList();
        DemoFile.write(file, whole, 2, (done, total) -> {});
        DemoFile.write(files, split, 2, (done, total) -> {});
        assertThat(DemoFile.isWritten(files, split)).isTrue();
        assertThat(files.getFirst()).hasFileName("tinyllama-1.1b-synthetic-1-layers.Q4_K_M-00001-of-00003.gguf");
        try (Model one = Model.open(file.getFirst());
                Model three = Model.open(files.get(1))) {
            assertThat(three.gguf()).hasSize(3);
            assertThat(three.tensors()).hasSameSizeAs(one.tensors());
            for (StoredTensor tensor : one.tensors()) {
                StoredTensor same = three.tensor(tensor.name());
                assertThat(bytes(three, same)).as(tensor.name()).isEqualTo(bytes(one, tensor));
            }
        }
    }

    /// {@return a hash of the stored bytes of a tensor}
    private static String bytes(Model model, StoredTensor tensor) throws IOException {
        CRC32C sum = new CRC32C();
        byte[] some = new byte[1 << 20];
        for (long done = 0; done < tensor.byteSize(); done += some.length) {
            int count = (int) Math.min(some.length, tensor.byteSize() - done);
            model.source(tensor.part())
                    .read(tensor.offset() + done, MemorySegment.ofArray(some).asSlice(0, count));
            sum.update(some, 0, count);
        }
        return tensor.type() + " " + tensor.shape() + " " + sum.getValue();
    }

    @Test
    void takesNoOtherFileForItsOwn() throws IOException {
        DemoModel model = new DemoModel(1);
        Path file = sparse(model);
        assertThat(DemoFile.isWritten(List.of(file), model)).isTrue();
        assertThat(DemoFile.isWritten(List.of(folder.resolve("none")), model)).isFalse();
        assertThat(DemoFile.isWritten(List.of(file), new DemoModel(2))).isFalse();
        try (RandomAccessFile changed = new RandomAccessFile(file.toFile(), "rw")) {
            changed.seek(model.parts().getFirst().header().length - 100);
            changed.write(1);
        }
        assertThat(DemoFile.isWritten(List.of(file), model)).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "Linux,      '',               '',     /home/u/.cache/ffm-store",
        "Linux,      XDG_CACHE_HOME,   /c,     /c/ffm-store",
        "Linux,      XDG_CACHE_HOME,   c,      /home/u/.cache/ffm-store",
        "Mac OS X,   XDG_CACHE_HOME,   /c,     /home/u/Library/Caches/ffm-store",
        "Windows 11, LOCALAPPDATA,     /local, /local/ffm-store",
        "Windows 11, '',               '',     /home/u/AppData/Local/ffm-store"
    })
    void keepsTheFileWhereCachesBelong(String os, String variable, String value, Path expected) {
        assertThat(DemoCache.folder(os, Path.of("/home/u"), Map.of(variable, value)))
                .isEqualTo(expected);
    }

    /// A file of the model's size and header, without its blocks.
    private Path sparse(DemoModel model) throws IOException {
        Path file = Files.write(
                folder.resolve("sparse.gguf"), model.parts().getFirst().header());
        try (RandomAccessFile longer = new RandomAccessFile(file.toFile(), "rw")) {
            longer.setLength(model.fileSize());
        }
        return file;
    }
}
