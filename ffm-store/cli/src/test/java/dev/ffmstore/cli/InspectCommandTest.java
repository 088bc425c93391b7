package dev.ffmstore.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ffmstore.fixtures.Json;
import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.gguf.MetadataType;
import dev.ffmstore.gguf.Shape;
import dev.ffmstore.internal.gguf.GgufWriter;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InspectCommandTest {
    @TempDir
    Path folder;

    @Test
    void showsMetadataAndTensors() {
        CliRun run = CliRun.of("inspect", CliRun.tinyModel());
        assertThat(run.status()).isZero();
        assertThat(run.err()).isEmpty();
        assertThat(run.out())
                .containsPattern("general\\.architecture +\\| STRING +\\| llama ")
                .containsPattern("tokenizer\\.ggml\\.tokens +\\| STRING\\[512\\] +\\| <unk>, <s>, </s>, .*…")
                .containsPattern("blk\\.1\\.ffn_down\\.weight +\\| Q6_K \\| \\[256, 512\\] +\\| 649,792 \\| 107,520")
                .contains("22 keys, 21 tensors, data from offset 13,632, aligned to 32")
                .contains("blocks: 892,160 bytes (871.25 KiB)")
                .doesNotContain("warning");
    }

    @Test
    void cutsLongValues() throws IOException {
        Path file = write(new GgufWriter(3)
                .putString("long", "x".repeat(100_000))
                .putStrings("longest", List.of("y".repeat(100_000)))
                .putStrings("short", List.of("a", "b"))
                .putIntegers("many", MetadataType.UINT8, new long[1000]));
        CliRun run = CliRun.of("inspect", file);
        assertThat(run.out())
                .contains("| " + "x".repeat(60) + "… ")
                .contains("| " + "y".repeat(60) + "… ")
                .containsPattern("STRING\\[2\\] +\\| a, b ")
                .containsPattern("UINT8\\[1000\\] +\\| (0, ){20}…");
        assertThat(run.out().lines()).allSatisfy(line -> assertThat(line).hasSizeLessThan(300));
    }

    @Test
    void printsNothingThatATerminalObeys() throws IOException {
        Path file = write(new GgufWriter(3)
                .putString("key\u001B[2J", "value\u202Ewith\nlines")
                .putStrings("list", List.of("\u0007"))
                .tensor("name\u001B]0;", GgmlType.F32, Shape.of(2)));
        CliRun run = CliRun.of("inspect", file);
        assertThat(run.status()).isZero();
        assertThat(run.out())
                .contains("key\\u{1b}[2J", "value\\u{202e}with\\u{a}lines", "\\u{7}", "name\\u{1b}]0;")
                .doesNotContainPattern("[\\p{Cc}\\p{Cf}&&[^\\r\\n]]");
    }

    @Test
    void warnsOfWhatCannotBeLoaded() throws IOException {
        Path file = write(new GgufWriter(3)
                .tensor("one", GgmlType.Q8_1, Shape.of(32))
                .tensor("two", GgmlType.Q8_1, Shape.of(32)));
        String warning = "type Q8_1 has no decoder: one and 1 more of this type cannot be loaded";
        assertThat(CliRun.of("inspect", file).out()).contains("warning: " + warning);
        assertThat(CliRun.of("inspect", "--json", file).json().get("warnings")).isEqualTo(List.of(warning));
    }

    @Test
    void printsTheSameAsJson() throws IOException {
        Path file = write(new GgufWriter(3)
                .putString("text", "a\"\u001B")
                .putInteger("big", MetadataType.UINT64, -1)
                .putReal("third", MetadataType.FLOAT32, 1 / 3f)
                .putReal("none", MetadataType.FLOAT64, Double.NaN)
                .putBool("yes", true)
                .putIntegers("many", MetadataType.INT16, -1, 2, 3, 4, 5, 6, 7, 8, 9)
                .tensor("t", GgmlType.Q4_K, Shape.of(2, 256)));
        Map<String, Object> json = CliRun.of("inspect", "--json", file).json();
        assertThat(json).containsEntry("file", file.toString()).containsEntry("version", BigInteger.valueOf(3));
        assertThat(json.get("metadata"))
                .isEqualTo(List.of(
                        Map.of("key", "text", "type", "STRING", "value", "a\"\u001B"),
                        Map.of("key", "big", "type", "UINT64", "value", new BigInteger("18446744073709551615")),
                        Map.of("key", "third", "type", "FLOAT32", "value", 0.33333334),
                        Map.of("key", "none", "type", "FLOAT64", "value", "NaN"),
                        Map.of("key", "yes", "type", "BOOL", "value", true),
                        Map.of(
                                "key",
                                "many",
                                "type",
                                "ARRAY",
                                "elementType",
                                "INT16",
                                "size",
                                BigInteger.valueOf(9),
                                "first",
                                numbers(-1, 2, 3, 4, 5, 6, 7, 8))));
        assertThat(json.get("tensors"))
                .isEqualTo(List.of(Map.of(
                        "name", "t",
                        "type", "Q4_K",
                        "shape", numbers(2, 256),
                        "offset", json.get("dataOffset"),
                        "bytes", BigInteger.valueOf(288),
                        "denseBytes", BigInteger.valueOf(2048))));
        assertThat(json.get("warnings")).isEqualTo(List.of());
    }

    @Test
    void writesJsonInAscii() throws IOException {
        Path file = write(new GgufWriter(3).putString("k‮", " ü").tensor("n", GgmlType.F32, Shape.of(2)));
        CliRun run = CliRun.of("inspect", "--json", file);
        assertThat(run.status()).isZero();
        assertThat(run.out()).containsPattern("\\A[\\x20-\\x7E]+\\R\\z");
        Map<String, Object> json = Json.lines(run.out()).getFirst();
        assertThat(json.get("metadata").toString()).contains("k‮", " ü");
        assertThat(json.get("tensors").toString()).contains("n");
    }

    @Test
    void cutsWhatIsTooLongForAReport() throws IOException {
        Path file = write(new GgufWriter(3)
                .putString("long", "x".repeat(100_000))
                .putInteger("k".repeat(9_999), MetadataType.UINT8, 1));
        assertThat(CliRun.of("inspect", file).out().lines())
                .allSatisfy(line -> assertThat(line).hasSizeLessThan(400));
        assertThat(Json.lines(CliRun.of("inspect", "--json", file).out())
                        .getFirst()
                        .get("metadata")
                        .toString())
                .contains("x".repeat(65_536) + ", bytes=100000", "k".repeat(9_999))
                .doesNotContain("x".repeat(65_537));
    }

    @Test
    void readsHugeArraysInALittleHeap() throws Exception {
        Path file = write(new GgufWriter(3).putStrings("tokens", Collections.nCopies(262_144, "token")));
        CliRun run =
                CliRun.inFreshJvm(List.of("-Xmx16m", "-XX:+UseSerialGC", "-Dstdout.encoding=UTF-8"), "inspect", file);
        assertThat(run.err()).isEmpty();
        assertThat(run.status()).isZero();
        assertThat(run.out()).containsPattern("tokens \\| STRING\\[262144\\] \\| token, token, ");
    }

    private static List<BigInteger> numbers(long... values) {
        return Arrays.stream(values).mapToObj(BigInteger::valueOf).toList();
    }

    private Path write(GgufWriter writer) throws IOException {
        byte[] header = writer.header();
        return Files.write(folder.resolve("model.gguf"), Arrays.copyOf(header, (int) writer.fileSize()));
    }
}
