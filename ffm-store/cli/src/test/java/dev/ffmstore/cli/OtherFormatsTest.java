package dev.ffmstore.cli;

import static dev.ffmstore.formats.WeightFiles.field;
import static dev.ffmstore.formats.WeightFiles.floats;
import static dev.ffmstore.formats.WeightFiles.safetensors;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ffmstore.formats.WeightFiles;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Commands about safetensors files with types that GGUF lacks, and about archives with the shapes of another
/// model.
class OtherFormatsTest {
    @TempDir
    Path folder;

    private Path write(String file, String header, int size) throws IOException {
        byte[] data = new byte[size];
        for (int i = 0; i < size; i++) {
            data[i] = (byte) (37 * i & 0xB7);
        }
        return Files.write(folder.resolve(file), safetensors("{" + header + "}", data));
    }

    private Path mixed() throws IOException {
        return write(
                "mixed.safetensors",
                field("w", "F8_E4M3", "[2, 8]", 0, 16) + "," + field("n", "U16", "[4]", 16, 24) + ","
                        + field("half", "F16", "[4]", 24, 32),
                32);
    }

    private static List<String> warnings(CliRun run) throws IOException {
        return ((List<?>) run.json().get("warnings"))
                .stream().map(String::valueOf).toList();
    }

    @Test
    void anUnknownTypeIsListedAndLeftOut() throws IOException {
        Path file = write(
                "odd.safetensors",
                field("a", "F32", "[2]", 0, 8) + "," + field("b", "F7_\\u202e", "[9]", 8, 16) + ","
                        + field("c", "F7_\\u202e", "[9]", 16, 24),
                24);
        CliRun inspect = CliRun.of("inspect", "--json", file);
        assertThat(inspect.status()).isZero();
        assertThat(warnings(inspect)).singleElement().asString().contains("is not known: b and 1 more");
        assertThat(CliRun.of("inspect", file).out())
                .contains("warning: type F7_")
                .doesNotContain("\u202e");
        for (String command : List.of("plan", "load", "checksum", "stats")) {
            CliRun refused = CliRun.of(command, file);
            assertThat(refused.status()).as(command).isEqualTo(1);
            assertThat(refused.errorLines())
                    .singleElement()
                    .asString()
                    .startsWith("ffm-store: " + file + ": tensor b is of dtype F7_")
                    .doesNotContain("\u202e");
        }
        for (String command : List.of("plan", "load", "checksum", "stats")) {
            assertThat(CliRun.of(command, "--exclude", "[bc]", file).status())
                    .as(command)
                    .isZero();
        }
    }

    @Test
    void diffLeavesOutAnUnknownType() throws IOException {
        Path file = write(
                "odd.safetensors", field("a", "F32", "[2]", 0, 8) + "," + field("b", "F7_E3M3", "[9]", 8, 16), 16);
        Path other = write("other.safetensors", field("a", "F32", "[2]", 0, 8), 8);
        assertThat(CliRun.of("diff", file, other).errorLines())
                .singleElement()
                .asString()
                .startsWith("ffm-store: " + file + ": tensor b is of dtype F7_E3M3");
        assertThat(CliRun.of("diff", "--exclude", "b", file, other).status()).isZero();
        assertThat(CliRun.of("diff", "--exclude", "b", other, file).status()).isZero();
        assertThat(CliRun.of("diff", "--exclude", "c", other, other).status()).isEqualTo(2);
    }

    @Test
    void floatsMayStayAsTheyAreStored() throws IOException {
        Path file = mixed();
        Path stored = folder.resolve("stored.safetensors");
        assertThat(CliRun.of("export", "--dtype", "stored", file, "-o", stored).err())
                .isEmpty();
        assertThat(CliRun.of("diff", "--all", file, stored).out())
                .contains("3 tensors compared, 3 equal", "F8_E4M3", "F16")
                .doesNotContain("F32");
        Path dense = folder.resolve("dense.safetensors");
        assertThat(CliRun.of("export", file, "-o", dense).status()).isZero();
        assertThat(CliRun.of("diff", "--all", file, dense).out()).contains("F8_E4M3 / F32", "3 equal bit for bit");
        assertThat(CliRun.of("inspect", dense).out()).contains("U16").doesNotContain("F16 ", "F8_E4M3");
        assertThat(CliRun.of("load", "--json", "--dtype", "stored", "--dtype", "w=BF16", file)
                        .json())
                .containsEntry("denseBytes", BigInteger.valueOf(2 * 16 + 8 + 8));
    }

    @ParameterizedTest
    @ValueSource(strings = {"npy", "mlir-params", "mlir-constants"})
    void whatAFormatDoesNotHoldIsRefusedBeforeAnythingIsWritten(String format) throws IOException {
        Path file = write("f4.safetensors", field("a", "F32", "[2]", 0, 8) + "," + field("q", "F4", "[8]", 8, 12), 12);
        Path out = folder.resolve("out");
        CliRun run = CliRun.of("export", "--format", format, file, "-o", out);
        assertThat(run.status()).isEqualTo(1);
        assertThat(run.errorLines())
                .singleElement()
                .asString()
                .startsWith("ffm-store: " + file + ": tensor q: ")
                .contains("smaller than a byte");
        assertThat(out).doesNotExist();
        assertThat(CliRun.of("export", "--format", format, "--exclude", "q", file, "-o", out)
                        .status())
                .isZero();
    }

    @ParameterizedTest
    @CsvSource({
        "U8, ui8",
        "U64, ui64",
        "BOOL, i1",
        "F8_E4M3, f8E4M3FN",
        "F8_E5M2, f8E5M2",
        "F8_E8M0, f8E8M0FNU",
        "C64, complex<f32>",
        "I32, i32"
    })
    void mlirHasANameForEveryOtherType(String dtype, String name) throws IOException {
        int elements = dtype.endsWith("64") ? 1 : dtype.equals("I32") ? 2 : 8;
        Path file = write("one.safetensors", field("t", dtype, "[" + elements + "]", 0, 8), 8);
        Path out = folder.resolve("out.mlir");
        assertThat(CliRun.of("export", "--dtype", "stored", "--format", "mlir-constants", file, "-o", out)
                        .status())
                .isZero();
        assertThat(Files.readString(out)).contains("tensor<" + elements + "x" + name + ">");
    }

    @Test
    void statsLeaveOutWhatIsNoNumber() throws IOException {
        Path file =
                write("f6.safetensors", field("q", "F6_E2M3", "[8]", 0, 6) + "," + field("u", "U8", "[2]", 6, 8), 8);
        CliRun json = CliRun.of("stats", "--json", file);
        assertThat((List<?>) json.json().get("tensors")).hasSize(1);
        assertThat(warnings(json)).containsExactly("left out: elements of F6_E2M3 are no numbers: q");
        assertThat(CliRun.of("stats", file).out()).contains("warning: left out: elements of F6_E2M3");
    }

    @Test
    void bitsAreComparedWithTheSameTypeAlone() throws IOException {
        Path bits = write("bits.safetensors", field("q", "F4", "[16]", 0, 8), 8);
        Path numbers = write("numbers.safetensors", field("q", "U8", "[16]", 0, 16), 16);
        assertThat(CliRun.of("diff", bits, bits).status()).isZero();
        CliRun run = CliRun.of("diff", bits, numbers);
        assertThat(run.status()).isEqualTo(1);
        assertThat(run.out()).contains("other type", "F4 / U8", "1 of another type");
    }

    @Test
    void scalesByBlockAreReportedAndApplied() throws IOException {
        byte[] data = new byte[16 + 16];
        Arrays.fill(data, 0, 16, (byte) 0x38); // 1
        System.arraycopy(floats(1, 2, 3, 4), 0, data, 16, 16);
        Path file = Files.write(
                folder.resolve("scaled.safetensors"),
                safetensors(
                        "{" + field("up.weight", "F8_E4M3", "[4, 4]", 0, 16) + ","
                                + field("up.weight_scale_inv", "F32", "[2, 2]", 16, 32) + "}",
                        data));
        CliRun inspect = CliRun.of("inspect", "--json", file);
        assertThat(inspect.out()).contains("\"companionScale\":\"up.weight_scale_inv\"");
        assertThat(warnings(inspect)).singleElement().asString().contains("--apply-scales");
        assertThat(CliRun.of("plan", "--json", file).json()).containsEntry("companionScales", BigInteger.ONE);
        Path out = folder.resolve("out.safetensors");
        assertThat(CliRun.of("export", "--json", file, "-o", out).json())
                .containsEntry("unappliedScales", BigInteger.ONE);
        assertThat(CliRun.of("export", "--json", "--force", "--apply-scales", file, "-o", out)
                        .json())
                .containsEntry("scaledTensors", BigInteger.ONE);
        Path expected = Files.write(
                folder.resolve("expected.safetensors"),
                safetensors(
                        "{" + field("up.weight", "F32", "[4, 4]", 0, 64) + ","
                                + field("up.weight_scale_inv", "F32", "[2, 2]", 64, 80) + "}",
                        floats(1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4, 1, 2, 3, 4)));
        assertThat(CliRun.of("diff", out, expected).status()).isZero();
    }

    @Test
    void anArchiveTakesShapesFromTheModelItWasMadeOf() throws IOException {
        Path model = CliRun.tinyModel();
        Path archive = folder.resolve("model.irpa");
        assertThat(CliRun.of("export", model, "-o", archive).status()).isZero();
        String sums = CliRun.of("checksum", model).out();
        assertThat(CliRun.of("checksum", "--shapes-from", model, archive).out()).isEqualTo(sums);
        assertThat(CliRun.of("diff", "--shapes-from", model, archive, archive).status())
                .isZero();
        assertThat(CliRun.of("stats", "--json", "--shapes-from", model, archive).json())
                .containsKey("tensors");
        Map<String, Object> plan =
                CliRun.of("plan", "--json", "--shapes-from", model, archive).json();
        assertThat(CliRun.of("plan", "--json", model).json().get("denseBytes")).isEqualTo(plan.get("denseBytes"));
        assertThat(CliRun.of("inspect", "--shapes-from", model, archive).out())
                .contains("[512, 256]")
                .doesNotContain("bytes |");
        Path again = folder.resolve("again.safetensors");
        assertThat(CliRun.of("export", "--shapes-from", model, archive, "-o", again)
                        .status())
                .isZero();
        assertThat(CliRun.of("checksum", again).out().lines().sorted().toList())
                .isEqualTo(sums.lines().sorted().toList());
    }

    @Test
    void shapesOfStoredTypesComeFirst() throws IOException {
        Path file = mixed();
        Path archive = folder.resolve("stored.irpa");
        assertThat(CliRun.of("export", "--dtype", "stored", file, "-o", archive).status())
                .isZero();
        assertThat(CliRun.of("inspect", "--json", "--shapes-from", file, archive)
                        .out())
                .contains("\"F8_E4M3\"", "\"U16\"", "\"F16\"");
        assertThat(CliRun.of("diff", "--shapes-from", file, archive, file).status())
                .isZero();
    }

    @Test
    void shapesThatFitNothingAreRefused() throws IOException {
        Path archive = Files.write(
                folder.resolve("a.irpa"),
                WeightFiles.irpa().data("x", floats(1, 2)).bytes());
        CliRun run = CliRun.of("checksum", "--shapes-from", mixed(), archive);
        assertThat(run.status()).isEqualTo(1);
        assertThat(run.errorLines())
                .singleElement()
                .asString()
                .startsWith(
                        "ffm-store: " + archive + ": no tensor has the name and the size of one of --shapes-from: ");
        CliRun absent = CliRun.of("checksum", "--shapes-from", folder.resolve("none.gguf"), archive);
        assertThat(absent.status()).isEqualTo(1);
        assertThat(absent.errorLines()).singleElement().asString().contains("none.gguf");
    }
}
