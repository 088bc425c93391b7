package dev.ffmstore.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ffmstore.TensorStore;
import dev.ffmstore.fixtures.Json;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.ValueLayout;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BakeCommandTest {
    private static final String USES = """
            module {
              func.func @main() -> tensor<256xf32> {
                %0 = stablehlo.constant dense_resource<output_norm.weight> : tensor<256xf32>
                %1 = stablehlo.constant dense_resource<"blk.0.attn_k.weight"> : tensor<128x256xf32>
                return %0 : tensor<256xf32>
              }
            }
            """;

    @TempDir
    Path folder;

    private Path module;
    private Path out;

    @BeforeEach
    void writeModule() throws IOException {
        module = Files.writeString(folder.resolve("module.mlir"), USES);
        out = folder.resolve("out.mlir");
    }

    private static String hex(String name) throws IOException {
        try (TensorStore store = TensorStore.load(CliRun.tinyModel())) {
            return HexFormat.of()
                    .withUpperCase()
                    .formatHex(store.tensor(name).segment().toArray(ValueLayout.JAVA_BYTE));
        }
    }

    @Test
    void writesTheModuleWithTheModelsTensors() throws IOException {
        CliRun run = CliRun.of("bake", module, CliRun.tinyModel(), "-o", out);
        assertThat(run.err()).isEmpty();
        assertThat(run.status()).isZero();
        assertThat(run.out())
                .startsWith(out + System.lineSeparator())
                .containsPattern("names +gguf\\R")
                .containsPattern("filled +2 resources, 132,096 bytes")
                .containsPattern("kept +0 resources");
        assertThat(Files.readString(out))
                .isEqualTo(USES
                        + "\n{-#\n  dialect_resources: {\n    builtin: {\n      \"output_norm.weight\": \"0x10000000"
                        + hex("output_norm.weight") + "\",\n      \"blk.0.attn_k.weight\": \"0x10000000"
                        + hex("blk.0.attn_k.weight") + "\"\n    }\n  }\n#-}\n");
    }

    @Test
    void printsTheSameAsJson() throws IOException {
        Map<String, Object> json = CliRun.of("bake", "--json", module, CliRun.tinyModel(), "-o", out)
                .json();
        assertThat(json)
                .containsEntry("module", module.toString())
                .containsEntry("file", CliRun.tinyModel().toString())
                .containsEntry("out", out.toString())
                .containsEntry("names", "gguf")
                .containsEntry("filled", BigInteger.TWO)
                .containsEntry("filledBytes", BigInteger.valueOf(132_096))
                .containsEntry("kept", BigInteger.ZERO)
                .containsEntry("bytes", BigInteger.valueOf(Files.size(out)))
                .containsKeys("seconds", "heapPeakBytes", "machine");
    }

    @Test
    void namesAndTypesAreThoseAskedFor() throws IOException {
        Path renames = Files.writeString(folder.resolve("names.txt"), "output_norm.weight = norm\n");
        Path types = Files.writeString(folder.resolve("types.txt"), "norm tensor<256xbf16>\n");
        Files.writeString(module, "dense_resource<norm>");
        CliRun run = CliRun.of(
                "bake", module, CliRun.tinyModel(), "--names", renames, "--dtype", "BF16", "--types", types, "-o", out);
        assertThat(run.err()).isEmpty();
        assertThat(run.out()).contains("names.txt");
        assertThat(Files.size(out)).isGreaterThan(1024).isLessThan(1200);
    }

    @Test
    void aTargetThatIsThereIsKeptUnlessItIsForced() throws IOException {
        Files.writeString(out, "mine");
        CliRun run = CliRun.of("bake", module, CliRun.tinyModel(), "-o", out);
        assertThat(run.status()).isEqualTo(1);
        assertThat(run.err()).startsWith("ffm-store: " + out + ": ").contains("there already");
        assertThat(Files.readString(out)).isEqualTo("mine");
        assertThat(CliRun.of("bake", module, CliRun.tinyModel(), "--force", "-o", out)
                        .status())
                .isZero();
        assertThat(Files.readString(out)).startsWith(USES);
    }

    @Test
    void aModuleCanBeBakedInPlaceAndAgainAndAgain() throws IOException {
        assertThat(CliRun.of("bake", module, CliRun.tinyModel(), "--force", "-o", module)
                        .status())
                .isZero();
        CliRun again = CliRun.of("bake", module, CliRun.tinyModel(), "--force", "-o", module);
        assertThat(again.status()).isEqualTo(1);
        assertThat(again.err())
                .isEqualTo("ffm-store: " + module + ": has no dense_resource without data" + System.lineSeparator());
        Files.writeString(
                module,
                Files.readString(module)
                        .replaceFirst("%0", "dense_resource<\"blk.0.attn_norm.weight\"> : tensor<256xf32> %0"));
        Map<String, Object> json = CliRun.of("bake", "--json", module, CliRun.tinyModel(), "--force", "-o", module)
                .json();
        assertThat(json).containsEntry("filled", BigInteger.ONE).containsEntry("kept", BigInteger.TWO);
    }

    @Test
    void failuresNameTheFileThatIsWrong() throws IOException {
        Path absent = folder.resolve("absent");
        Path types = Files.writeString(folder.resolve("types.txt"), "nonsense\n");
        record Case(Path module, Path model, Path out, List<Object> more, String line) {}
        for (Case one : List.of(
                new Case(absent, CliRun.tinyModel(), out, List.of(), absent + ": no such file"),
                new Case(module, absent, out, List.of(), absent + ": no such file"),
                new Case(module, module, out, List.of(), module + ": not a GGUF file"),
                new Case(module, CliRun.tinyModel(), out, List.of("--types", absent), absent + ": no such file"),
                new Case(module, CliRun.tinyModel(), out, List.of("--types", types), types + ": is no line of types"),
                new Case(
                        CliRun.tinyModel(),
                        CliRun.tinyModel(),
                        out,
                        List.of(),
                        CliRun.tinyModel() + ": is not MLIR text"),
                new Case(module, CliRun.tinyModel(), absent.resolve("out"), List.of(), absent.resolve("out") + ": "),
                new Case(
                        module,
                        CliRun.tinyModel(),
                        out,
                        List.of("--dtype", "F16"),
                        module + ": resource \"output_norm.weight\" is another tensor in " + CliRun.tinyModel()
                                + ": offset=" + USES.indexOf("dense_resource")
                                + ", expected tensor<256xf32>, got tensor<256xf16>"))) {
            Object[] args = java.util.stream.Stream.concat(
                            java.util.stream.Stream.of("bake", one.module, one.model, "-o", one.out), one.more.stream())
                    .toArray();
            CliRun run = CliRun.of(args);
            assertThat(run.status()).isEqualTo(1);
            assertThat(run.err()).startsWith("ffm-store: " + one.line).hasLineCount(1);
            assertThat(out).doesNotExist();
        }
    }

    /// Hex data of 150 MB that is there already passes through the heap of the launcher.
    @Test
    void aLargeModuleIsNoMatterOfTheHeap() throws IOException, InterruptedException {
        long digits = 300_000_000;
        String start = "\n{-# dialect_resources: {builtin: {big: \"0x10000000";
        try (RandomAccessFile file = new RandomAccessFile(module.toFile(), "rw")) {
            file.seek(USES.length());
            file.write(start.getBytes(StandardCharsets.US_ASCII));
            file.seek(file.getFilePointer() + digits); // a hole: zeros are no digits, but nobody looks
            file.write("\"}} #-}".getBytes(StandardCharsets.US_ASCII));
        }
        CliRun run = CliRun.inFreshJvm(CliRun.launcherFlags(), "bake", "--json", module, CliRun.tinyModel(), "-o", out);
        assertThat(run.errorLines()).isEmpty();
        Map<String, ?> json = Json.lines(run.out()).getFirst();
        assertThat(json).extracting("filled", "kept").containsExactly(BigInteger.TWO, BigInteger.ONE);
        assertThat(Files.size(out)).isGreaterThan(digits + 2 * 132_096);
    }
}
