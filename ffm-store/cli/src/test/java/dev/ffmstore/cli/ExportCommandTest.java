package dev.ffmstore.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.ffmstore.formats.Archive;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ExportCommandTest {
    private static final long MIB = 1 << 20;
    private static final Path MODEL = CliRun.tinyModel();

    @TempDir
    Path folder;

    @Test
    void writesEveryTensorAndReports() throws Exception {
        Path out = folder.resolve("tiny.irpa");
        CliRun run = CliRun.of("export", "--threads", 2, "--decoder", "scalar", MODEL, "-o", out);
        assertThat(run.err()).isEmpty();
        assertThat(run.status()).isZero();
        assertThat(run.out())
                .startsWith(out + System.lineSeparator())
                .containsPattern("from +\\S*tiny.Q4_K_M.gguf\\R")
                .containsPattern("format +irpa\\R")
                .containsPattern("names +gguf\\R")
                .containsPattern("tensors +21\\R")
                .containsPattern("written +5,[0-9,]+ bytes \\(")
                .containsPattern("time +[0-9.]+ s\\R")
                .containsPattern("throughput +[0-9.]+ GB/s, 2 threads\\R")
                .containsPattern("decoder +scalar\\R")
                .containsPattern("heap peak +[0-9,]+ bytes")
                .containsPattern("collector +\\S");
        assertThat(checksums(out)).isEqualTo(CliRun.tinyChecksums());
        assertThat(names()).containsExactly("tiny.irpa");
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void keepsToItsMemoryUnderTheLaunchersFlags() throws Exception {
        Path out = folder.resolve("tiny.safetensors");
        CliRun run = CliRun.inFreshJvm(CliRun.launcherFlags(), "export", "--json", MODEL, "-o", out);
        assertThat(run.errorLines()).isEmpty();
        assertThat(run.status()).isZero();
        Map<String, Object> json = run.json();
        assertThat(json)
                .containsEntry("file", MODEL.toString())
                .containsEntry("out", out.toString())
                .containsEntry("format", "safetensors")
                .containsEntry("names", "gguf")
                .containsEntry("tensors", BigInteger.valueOf(21))
                .containsEntry("denseBytes", BigInteger.valueOf(5_772_288))
                .containsEntry("bytes", BigInteger.valueOf(Files.size(out)))
                .containsEntry("files", BigInteger.ONE)
                .containsKeys("seconds", "gigabytesPerSecond", "threads", "decoder", "machine", "jvm", "flags");
        assertThat(number(json, "heapPeakBytes")).isBetween(MIB, 24 * MIB);
        assertThat(number(json, "rssPeakBytes")).isBetween(MIB, 144 * MIB);
    }

    @ParameterizedTest
    @CsvSource({
        "a.irpa,, irpa",
        "a.IRPA,, irpa",
        "a.safetensors,, safetensors",
        "folder/,, npy",
        "a.mlir, mlir-params, mlir-params",
        "a.mlir, MLIR-constants, mlir-constants",
        "a, irpa, irpa"
    })
    void formatIsThatOfTheNameOrTheOption(String name, String format, String expected) throws IOException {
        List<Object> args = new ArrayList<>(
                List.of("export", "--json", "--include", "output_norm.weight", MODEL, "-o", folder + "/" + name));
        if (format != null) {
            args.addAll(List.of("--format", format));
        }
        CliRun run = CliRun.of(args.toArray());
        assertThat(run.err()).isEmpty();
        assertThat(run.json()).containsEntry("format", expected).containsEntry("tensors", BigInteger.ONE);
        assertThat(names()).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "a.mlir | | --format is missing: a.mlir does not say which of irpa, safetensors, npy",
                "- | | --format is missing: - does not say",
                "a.irpa | --format gguf | --format: expected one of irpa, safetensors, npy, mlir-params, mlir-constants, got gguf",
                "a.irpa | --shard-size 5 --format irpa | --shard-size is for safetensors",
                "a | --shard-size 5TB | --shard-size: expected a size, such as 5GB or 500MiB, got 5TB",
                "a.safetensors | --splat | --splat is for irpa",
                "a.irpa | --scope x | --scope is for mlir-params",
                "a.irpa | --part 4/3 | --part: expected K/N with K from 1 to N, got 4/3",
                "a.irpa | --part one | --part: expected K/N, such as 1/3, got one",
                "a/ | --part 1/3 | --part is for a single file",
                "a | --part 1/3 --shard-size 1GB | --part is for a single file",
                "a.irpa | --part 1/3 --force | --force is not for --part",
                "- | --format npy | standard output takes a single file",
                "- | --format irpa --json | --json: standard output is taken by the export",
                "- | --format irpa --part 1/2 | --part is not for standard output",
                "a/ | --format irpa | a/ is a folder",
                "a.irpa | --names nowhere.txt | --names: expected gguf, hf or a file",
                "a.irpa | --dtype F8 | --dtype: expected F32, F16, BF16 or stored",
                "a.irpa | --include nothing | no tensor matches",
            })
    void saysWhichOptionsDoNotFit(String out, String options, String expected) {
        List<Object> args = new ArrayList<>(List.of("export", MODEL, "-o", out));
        if (options != null) {
            args.addAll(List.of(options.split(" ")));
        }
        CliRun run = CliRun.of(args.toArray());
        assertThat(run.status()).isEqualTo(2);
        assertThat(run.err()).startsWith("ffm-store: " + expected);
        assertThat(Path.of(out)).doesNotExist();
    }

    @Test
    void needsAnOutput() {
        assertThat(CliRun.of("export", MODEL).status()).isEqualTo(2);
    }

    @Test
    void replacesOnlyIfForced() throws IOException {
        Path out = Files.writeString(folder.resolve("tiny.irpa"), "old");
        CliRun refused = CliRun.of("export", MODEL, "-o", out);
        assertThat(refused.status()).isEqualTo(1);
        assertThat(refused.err())
                .isEqualTo("ffm-store: " + out + ": is there already; --force replaces it" + System.lineSeparator());
        assertThat(out).hasContent("old");
        assertThat(CliRun.of("export", "--force", MODEL, "-o", out).status()).isZero();
        assertThat(Files.size(out)).isGreaterThan(5_000_000);
        assertThat(names()).containsExactly("tiny.irpa");
    }

    @Test
    void partsInAnyOrderAreTheFile() throws IOException {
        Path whole = folder.resolve("whole.irpa");
        Path parts = folder.resolve("parts.irpa");
        assertThat(CliRun.of("export", MODEL, "-o", whole).status()).isZero();
        for (String part : List.of("3/3", "1/3", "2/3")) {
            CliRun run = CliRun.of("export", "--json", "--part", part, MODEL, "-o", parts);
            assertThat(run.json()).containsEntry("part", part);
            assertThat(number(run.json(), "bytes")).isBetween(1_900_000L, 2_000_000L);
        }
        assertThat(parts).hasSameBinaryContentAs(whole);
    }

    @Test
    void shardsAreAFolderWithAnIndex() throws IOException {
        Path out = folder.resolve("shards");
        CliRun run = CliRun.of("export", "--shard-size", "2 MB", MODEL, "-o", out);
        assertThat(run.err()).isEmpty();
        assertThat(run.out()).containsPattern("format +safetensors\\R").containsPattern("written .*, 4 files\\R");
        assertThat(out.resolve("model.safetensors.index.json")).isNotEmptyFile();
        assertThat(CliRun.of("export", "--shard-size", "3MB", "--force", MODEL, "-o", out)
                        .err())
                .isEmpty();
        assertThat(out)
                .isDirectoryContaining("glob:**of-00002.safetensors")
                .isDirectoryNotContaining("glob:**of-00003.safetensors");
        Path other = Files.writeString(out.resolve("mine.safetensors"), "mine");
        CliRun refused = CliRun.of("export", "--shard-size", "2MB", "--force", MODEL, "-o", out);
        assertThat(refused.err())
                .isEqualTo("ffm-store: " + out + ": is a folder of other things, which is not replaced: it has"
                        + " mine.safetensors, which is not of the export that is there" + System.lineSeparator());
        assertThat(other).hasContent("mine");
    }

    @Test
    void anNpyFolderIsReplacedByWhatItsIndexNames() throws IOException {
        Path out = folder.resolve("arrays");
        assertThat(CliRun.of("export", "--format", "npy", MODEL, "-o", out).err())
                .isEmpty();
        assertThat(CliRun.of("export", "--format", "npy", "--force", "--include", "output*", MODEL, "-o", out)
                        .err())
                .isEmpty();
        assertThat(out).isDirectoryNotContaining("glob:**/blk.*").isDirectoryContaining("glob:**/output.weight.npy");
        assertThat(names()).containsExactly("arrays");
    }

    @Test
    void huggingFacesNamesComeWithTheirConfiguration() throws IOException {
        Path out = Files.createDirectory(folder.resolve("one")).resolve("model.safetensors");
        Path config = folder.resolve("one/config.json");
        assertThat(CliRun.of("export", "--names", "hf", MODEL, "-o", out).err()).isEmpty();
        assertThat(config).content().contains("LlamaForCausalLM");
        assertThat(Files.readString(out, StandardCharsets.ISO_8859_1)).contains("model.embed_tokens.weight");

        Files.delete(out);
        assertThat(CliRun.of("export", "--names", "hf", MODEL, "-o", out).status())
                .isZero();
        Files.delete(out);
        Files.writeString(config, "{}");
        CliRun refused = CliRun.of("export", "--names", "hf", MODEL, "-o", out);
        assertThat(refused.err()).startsWith("ffm-store: " + config + ": is there already");
        assertThat(config).hasContent("{}");
        assertThat(out).doesNotExist();
        assertThat(CliRun.of("export", "--force", "--names", "hf", MODEL, "-o", out)
                        .status())
                .isZero();
        assertThat(config).content().contains("LlamaForCausalLM");

        Path shards = folder.resolve("shards");
        assertThat(CliRun.of("export", "--names", "hf", "--shard-size", "2MB", MODEL, "-o", shards)
                        .status())
                .isZero();
        assertThat(shards.resolve("config.json")).hasSameTextualContentAs(config);
        assertThat(shards.resolve("model.safetensors.index.json")).isNotEmptyFile();
        CliRun again = CliRun.of("export", "--names", "hf", "--force", "--shard-size", "2MB", MODEL, "-o", shards);
        assertThat(again.err()).isEmpty();
    }

    @Test
    void splatsAreCounted() throws Exception {
        CliRun run = CliRun.of("export", "--json", "--splat", MODEL, "-o", folder.resolve("tiny.irpa"));
        assertThat(run.json()).containsKey("splats");
        assertThat(checksums(folder.resolve("tiny.irpa"))).isEqualTo(CliRun.tinyChecksums());
    }

    @Test
    void streamsToStandardOutput() throws Exception {
        Path whole = folder.resolve("whole.irpa");
        assertThat(CliRun.of("export", MODEL, "-o", whole).status()).isZero();
        Path streamed = folder.resolve("streamed");
        Path report = folder.resolve("report");
        Process process = command("export", "--format", "irpa", MODEL.toString(), "-o", "-")
                .redirectOutput(streamed.toFile())
                .redirectError(report.toFile())
                .start();
        assertThat(process.waitFor()).isZero();
        assertThat(streamed).hasSameBinaryContentAs(whole);
        assertThat(report).content().containsPattern("names +gguf");
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void aFullStandardOutputIsAnError() throws Exception {
        Path report = folder.resolve("report");
        Process process = command("export", "--format", "irpa", MODEL.toString(), "-o", "-")
                .redirectOutput(Path.of("/dev/full").toFile())
                .redirectError(report.toFile())
                .start();
        assertThat(process.waitFor()).isEqualTo(1);
        assertThat(report).content().contains("ffm-store: standard output: cannot be written: No space left on device");
    }

    /// In blocks of 512 bytes: none, so that not even the lock can be written, and less than the file takes.
    @ParameterizedTest
    @ValueSource(ints = {0, 2048})
    @EnabledOnOs(OS.LINUX)
    void aFileThatMayNotGrowIsAnErrorAndLeavesNothing(int blocks) throws Exception {
        List<String> line = new ArrayList<>(List.of("sh", "-c", "ulimit -f " + blocks + "; exec \"$@\"", "sh"));
        line.addAll(command(
                        "export",
                        MODEL.toString(),
                        "-o",
                        folder.resolve("tiny.irpa").toString())
                .command());
        Process process = new ProcessBuilder(line).start();
        String report = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).isEqualTo(1);
        assertThat(report)
                .contains("ffm-store: " + folder.resolve("tiny.irpa") + ": cannot be written: File too large");
        assertThat(names()).isEmpty();
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void cleansUpWhenItIsToldToEnd() throws Exception {
        Path model = folder.resolve("sparse.gguf");
        SparseModel.write(model, 1L << 40); // more than is ever exported
        Path out = folder.resolve("sparse.irpa");
        Process process = command("export", model.toString(), "-o", out.toString())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        while (process.isAlive() && !Files.exists(folder.resolve(".sparse.irpa.ffm-store-partial/output"))) {
            Thread.sleep(20);
        }
        process.destroy();
        assertThat(process.waitFor()).isEqualTo(128 + 15);
        assertThat(names()).containsExactly("sparse.gguf");
    }

    @ParameterizedTest
    @ValueSource(strings = {"1", "1B", "1000", "5GB", "2kib", "500 MiB", "3GiB", "4MB", "7KB"})
    void readsSizes(String text) {
        Map<String, Long> expected = Map.of(
                "1",
                1L,
                "1B",
                1L,
                "1000",
                1000L,
                "5GB",
                5_000_000_000L,
                "2kib",
                2048L,
                "500 MiB",
                500L << 20,
                "3GiB",
                3L << 30,
                "4MB",
                4_000_000L,
                "7KB",
                7_000L);
        assertThat(ByteCount.parse(text)).isEqualTo(expected.get(text));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0", "-1", "GB", "1.5GB", "5TB", "99999999999GB", "1 000"})
    void refusesOtherSizes(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> ByteCount.parse(text));
    }

    private static ProcessBuilder command(String... args) {
        List<String> line = new ArrayList<>();
        line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        line.addAll(CliRun.launcherFlags());
        line.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
        line.addAll(List.of(args));
        return new ProcessBuilder(line);
    }

    /// {@return the checksums of an archive's tensors, as `checksum` prints them}
    private static String checksums(Path archive) throws Exception {
        StringBuilder lines = new StringBuilder();
        for (Archive.Entry entry : Archive.read(Files.readAllBytes(archive)).entries()) {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(entry.bytes());
            lines.append(HexFormat.of().formatHex(digest)).append("  ").append(entry.name());
            lines.append(System.lineSeparator());
        }
        return lines.toString();
    }

    private static long number(Map<String, ?> json, String key) {
        return ((Number) json.get(key)).longValue();
    }

    private List<String> names() throws IOException {
        try (Stream<Path> paths = Files.list(folder)) {
            return paths.map(path -> path.getFileName().toString()).sorted().toList();
        }
    }
}
