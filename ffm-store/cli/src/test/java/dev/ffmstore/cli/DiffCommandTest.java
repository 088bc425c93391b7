package dev.ffmstore.cli;

import static dev.ffmstore.formats.WeightFiles.field;
import static dev.ffmstore.formats.WeightFiles.floats;
import static dev.ffmstore.formats.WeightFiles.npy;
import static dev.ffmstore.formats.WeightFiles.safetensors;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ffmstore.DType;
import dev.ffmstore.TestModel;
import dev.ffmstore.formats.WeightFiles;
import dev.ffmstore.gguf.TensorInfo;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DiffCommandTest {
    @TempDir
    Path folder;

    /// One float tensor for each name, of the values in a row.
    private Path write(String file, Map<String, float[]> tensors) throws IOException {
        List<String> fields = new ArrayList<>();
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        tensors.forEach((name, values) -> {
            int begin = data.size();
            data.writeBytes(floats(values));
            fields.add(field(name, "F32", "[" + values.length + "]", begin, data.size()));
        });
        return Files.write(folder.resolve(file), safetensors("{" + String.join(",", fields) + "}", data.toByteArray()));
    }

    private Path write(String file, String name, float... values) throws IOException {
        return write(file, Map.of(name, values));
    }

    @SuppressWarnings("unchecked")
    private static List<Map<String, @Nullable Object>> tensors(CliRun run) throws IOException {
        return (List<Map<String, @Nullable Object>>) run.json().get("tensors");
    }

    private static Path dense(TestModel model, Path file) throws IOException {
        List<String> fields = new ArrayList<>();
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        for (TensorInfo tensor : model.header().tensors()) {
            int begin = data.size();
            data.writeBytes(model.dense(tensor.name()));
            String dtype = DType.denseOf(tensor.type()).name();
            fields.add(field(tensor.name(), dtype, tensor.shape().toString(), begin, data.size()));
        }
        return Files.write(file, safetensors("{" + String.join(",", fields) + "}", data.toByteArray()));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void aModelAndItsDenseTensorsAreEqual(int threads) throws IOException {
        TestModel model = TestModel.ofEveryType();
        Path gguf = model.writeTo(folder);
        Path dense = dense(model, folder.resolve("dense.safetensors"));
        CliRun run = CliRun.of("diff", "--threads", threads, gguf, dense);
        assertThat(run.err()).isEmpty();
        assertThat(run.status()).isZero();
        int count = model.header().tensors().size();
        assertThat(run.out().lines())
                .contains("A: " + gguf + ", " + count + " tensors, names and layouts: gguf")
                .contains("B: " + dense + ", " + count + " tensors, names and layouts: as stored")
                .endsWith("equal: " + count + " tensors compared, " + count + " equal bit for bit");
        assertThat(CliRun.of("diff", "--json", dense, gguf).json()).containsEntry("agrees", true);
    }

    @Test
    void oneBitIsFound() throws IOException {
        TestModel model = TestModel.ofEveryType();
        Path dense = dense(model, folder.resolve("dense.safetensors"));
        byte[] bytes = Files.readAllBytes(dense);
        bytes[bytes.length - 1] ^= (byte) 0x80; // the sign of the last tensor, a scalar
        Files.write(dense, bytes);
        CliRun run = CliRun.of("diff", model.writeTo(folder), dense);
        assertThat(run.status()).isEqualTo(1);
        assertThat(run.err()).isEmpty();
        List<String> rows = run.out().lines().filter(line -> line.contains("|")).toList();
        assertThat(rows).hasSize(2);
        assertThat(rows.get(1)).startsWith(" scalar | beyond | []");
        assertThat(run.out()).contains("different: ", ", 1 beyond equality of bits");
    }

    @Test
    void theWorstStandsFirst() throws IOException {
        Path a = write("a.safetensors", Map.of("same", new float[] {1}, "off", new float[] {1, 2}));
        Path other = write(
                "b.safetensors",
                Map.of("same", new float[] {1}, "off", new float[] {1, 2.5f}, "extra\\u0007", new float[] {1}));
        CliRun run = CliRun.of("diff", "--all", a, other);
        List<String> rows = run.out().lines().filter(line -> line.contains("|")).toList();
        assertThat(rows).hasSize(4);
        assertThat(rows.get(1)).contains("extra\\u{7}", "only in B");
        assertThat(rows.get(2)).contains("off", "beyond", "0.5000", "0.2000", "0.996545758");
        assertThat(rows.get(3)).contains("same", "equal", "1.000000000");
        assertThat(run.out())
                .endsWith("different: 2 tensors compared, 1 equal bit for bit, 1 beyond equality of bits, 1 only in B"
                        + System.lineSeparator());
        assertThat(run.status()).isEqualTo(1);
        assertThat(CliRun.of("diff", other, a).out()).contains("1 only in A");
    }

    @Test
    void jsonHasEveryFigure() throws IOException {
        Path a = write("a.safetensors", "t", 1, 2, Float.NaN, Float.NaN, 0);
        Path b = write("b.safetensors", "t", 1, 4, Float.NaN, 1, -0f);
        CliRun run = CliRun.of("diff", "--json", "--atol", "1", "--rtol", "0.25", a, b);
        assertThat(run.status()).isEqualTo(1);
        assertThat(run.json())
                .containsEntry("atol", 1.0)
                .containsEntry("rtol", 0.25)
                .containsEntry("agrees", false)
                .containsEntry("compared", BigInteger.ONE)
                .containsEntry("a", Map.of("file", a.toString(), "convention", "as stored", "tensors", BigInteger.ONE));
        assertThat(tensors(run).getFirst())
                .containsEntry("name", "t")
                .containsEntry("verdict", "beyond")
                .containsEntry("elements", BigInteger.valueOf(5))
                .containsEntry("bitsDiffering", BigInteger.valueOf(3))
                .containsEntry("beyond", BigInteger.ONE)
                .containsEntry("nanMismatches", BigInteger.ONE)
                .containsEntry("maxAbs", 2.0)
                .containsEntry("maxRel", 0.5)
                .containsEntry("worstAt", BigInteger.ONE)
                .containsEntry("cosine", 9 / Math.sqrt(5) / Math.sqrt(17))
                .containsEntry(
                        "a",
                        Map.of(
                                "dtype",
                                "F32",
                                "storedType",
                                "F32",
                                "shape",
                                List.of(BigInteger.valueOf(5)),
                                "bytes",
                                BigInteger.valueOf(20)));
    }

    @Test
    void anInfiniteErrorIsAWordInJson() throws IOException {
        Path a = write("a.safetensors", "t", Float.POSITIVE_INFINITY);
        Path b = write("b.safetensors", "t", 1);
        assertThat(tensors(CliRun.of("diff", "--json", a, b)).getFirst())
                .containsEntry("maxAbs", "Infinity")
                .doesNotContainKey("cosine");
        assertThat(CliRun.of("diff", a, b).out()).contains(" inf ");
    }

    @ParameterizedTest
    @CsvSource({"0.5, 0, 0", "0.49, 0, 1", "0, 0.2, 0", "0, 0.19, 1"})
    void tolerancesDecide(String atol, String rtol, int status) throws IOException {
        Path a = write("a.safetensors", "t", 1, 2);
        Path b = write("b.safetensors", "t", 1, 2.5f);
        CliRun run = CliRun.of("diff", "--atol", atol, "--rtol", rtol, a, b);
        assertThat(run.status()).isEqualTo(status);
        assertThat(run.out()).contains(status == 0 ? "equal: " : "different: ");
    }

    @Test
    void zerosOfBothSignsAreEqualOnceAToleranceIsGiven() throws IOException {
        Path a = write("a.safetensors", "t", 0);
        Path b = write("b.safetensors", "t", -0f);
        assertThat(CliRun.of("diff", a, b).status()).isEqualTo(1);
        CliRun run = CliRun.of("diff", "--atol", "0", a, b);
        assertThat(run.status()).isZero();
        assertThat(run.out()).contains("1 within atol 0 and rtol 0");
    }

    @Test
    void otherShapesDiffer() throws IOException {
        Path a = write("a.safetensors", "t", 1, 2);
        Path b = write("b.safetensors", "t", 1, 2, 3);
        CliRun run = CliRun.of("diff", "--atol", "9", a, b);
        assertThat(run.status()).isEqualTo(1);
        assertThat(run.out()).contains("other shape", "[2] / [3]", "1 of another shape");
    }

    @Test
    void otherTypesOfTheSameValuesDoNot() throws IOException {
        Path a = write("a.safetensors", "t", 1.5f);
        Path b = Files.write(
                folder.resolve("b.safetensors"),
                safetensors("{" + field("t", "BF16", "[1]", 0, 2) + "}", new byte[] {(byte) 0xC0, 0x3F}));
        CliRun run = CliRun.of("diff", "--all", a, b);
        assertThat(run.status()).isZero();
        assertThat(run.out()).contains("F32 / BF16");
    }

    @Test
    void patternsChooseFromBothSides() throws IOException {
        Path a = write("a.safetensors", Map.of("one", new float[] {1}, "two", new float[] {2}));
        Path b = write("b.safetensors", Map.of("one", new float[] {1}, "three", new float[] {3}));
        assertThat(CliRun.of("diff", "--include", "one", a, b).status()).isZero();
        assertThat(CliRun.of("diff", "--exclude", "t*", a, b).status()).isZero();
        assertThat(CliRun.of("diff", "--include", "three", a, b).out()).contains("0 tensors compared", "1 only in B");
        CliRun none = CliRun.of("diff", "--include", "four", a, b);
        assertThat(none.status()).isEqualTo(2);
        assertThat(none.err()).contains("no tensor matches the pattern four");
    }

    @Test
    void anArchiveHasTheTypesOfTheOtherSide() throws IOException {
        Path a = write("a.safetensors", Map.of("x", new float[] {1, 2}, "tied", new float[] {1, 2}));
        Path irpa = Files.write(
                folder.resolve("b.irpa"),
                WeightFiles.irpa().data("x", floats(1, 2)).shared("tied", 0, 8).bytes());
        assertThat(CliRun.of("diff", a, irpa).status()).isZero();
        assertThat(CliRun.of("diff", irpa, a).status()).isZero();
        Files.write(
                irpa,
                WeightFiles.irpa()
                        .data("x", floats(1, 2, 3))
                        .splat("tied", 8, floats(1))
                        .bytes());
        CliRun run = CliRun.of("diff", a, irpa);
        assertThat(run.status()).isEqualTo(1);
        assertThat(run.out()).contains("[2] / 12 bytes", "F32 / ?", "1 of another shape", "1 beyond");
        CliRun both = CliRun.of("diff", irpa, irpa);
        assertThat(both.status()).isEqualTo(1);
        assertThat(both.err()).startsWith("ffm-store: " + irpa + ": has no dtypes and shapes");
        assertThat(both.errorLines()).hasSize(1);
    }

    @Test
    void aTiedTensorMayBeAbsentOnTheOtherSide() throws IOException {
        Path a = write("a.safetensors", "x", 1, 2);
        Path irpa = Files.write(
                folder.resolve("b.irpa"),
                WeightFiles.irpa().data("x", floats(1, 2)).shared("tied", 0, 8).bytes());
        CliRun run = CliRun.of("diff", a, irpa);
        assertThat(run.status()).isZero();
        assertThat(run.out()).contains("1 tied to another in one, absent in the other");
    }

    @Test
    void foldersOfArraysAreCompared() throws IOException {
        Path arrays = Files.createDirectory(folder.resolve("arrays"));
        Files.write(arrays.resolve("t.npy"), npy("<f4", "(2,)", floats(1, 2)));
        assertThat(CliRun.of("diff", write("a.safetensors", "t", 1, 2), arrays).status())
                .isZero();
        assertThat(CliRun.of("diff", write("a.safetensors", "t", 1, 3), arrays).status())
                .isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({
        "model.irpa,",
        "model.irpa, --splat",
        "model.safetensors,",
        "shards, --shard-size=200KB",
        "arrays, --format=npy",
    })
    void anExportIsEqualToItsModel(String file, @Nullable String option) throws IOException {
        Path exported = folder.resolve(file);
        Path model = TestModel.ofEveryType().writeTo(folder);
        List<Object> export = new ArrayList<>(List.of("export", model, "-o", exported));
        if (option != null) {
            export.add(option);
        }
        assertThat(CliRun.of(export.toArray()).err()).isEmpty();
        for (List<Path> sides : List.of(List.of(model, exported), List.of(exported, model))) {
            CliRun run = CliRun.of("diff", sides.get(0), sides.get(1));
            assertThat(run.err()).isEmpty();
            assertThat(run.out()).contains("equal: ").doesNotContain("|");
            assertThat(run.status()).isZero();
        }
    }

    @Test
    void theModelTakesTheFormThatTheOtherSideHas() throws IOException {
        Path irpa = folder.resolve("m.irpa");
        assertThat(CliRun.of("export", "--dtype", "BF16", CliRun.tinyModel(), "-o", irpa)
                        .status())
                .isZero();
        assertThat(CliRun.of("diff", "--dtype", "BF16", CliRun.tinyModel(), irpa)
                        .status())
                .isZero();
        CliRun sizes = CliRun.of("diff", CliRun.tinyModel(), irpa);
        assertThat(sizes.status()).isEqualTo(1);
        assertThat(sizes.out()).contains("21 of another shape");

        Path hf = folder.resolve("hf.safetensors");
        assertThat(CliRun.of("export", "--names", "hf", CliRun.tinyModel(), "-o", hf)
                        .status())
                .isZero();
        CliRun same = CliRun.of("diff", "--names", "hf", CliRun.tinyModel(), hf);
        assertThat(same.status()).isZero();
        assertThat(same.out().lines().filter(line -> line.endsWith("21 tensors, names and layouts: hf")))
                .hasSize(2);
        CliRun names = CliRun.of("diff", CliRun.tinyModel(), hf);
        assertThat(names.status()).isEqualTo(1);
        assertThat(names.out()).contains("0 tensors compared", "21 only in A", "21 only in B");
    }

    @Test
    void failuresNameTheFileTheyAreAbout() throws IOException {
        Path right = write("a.safetensors", "t", 1);
        Path missing = folder.resolve("missing.gguf");
        Path broken = Files.write(folder.resolve("broken.safetensors"), new byte[20]);
        for (List<Path> sides : List.of(List.of(right, missing), List.of(missing, right))) {
            CliRun run = CliRun.of("diff", sides.get(0), sides.get(1));
            assertThat(run.status()).isEqualTo(1);
            assertThat(run.errorLines()).containsExactly("ffm-store: " + missing + ": no such file");
        }
        for (List<Path> sides : List.of(List.of(right, broken), List.of(broken, right))) {
            assertThat(CliRun.of("diff", sides.get(0), sides.get(1)).errorLines())
                    .containsExactly(
                            "ffm-store: " + broken + ": the size of the safetensors header: expected 2 to 12, got 0");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"--atol=-1", "--rtol=NaN", "--atol=Infinity", "--rtol=x"})
    void aToleranceIsANumber(String option) throws IOException {
        Path a = write("a.safetensors", "t", 1);
        assertThat(CliRun.of("diff", option, a, a).status()).isEqualTo(2);
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void takesLittleMemoryWhateverTheTensor() throws Exception {
        long size = 512 << 20;
        Path large = folder.resolve("large.gguf");
        SparseModel.write(large, size);
        Path dense = folder.resolve("large.safetensors");
        try (FileChannel channel = FileChannel.open(
                dense, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE, StandardOpenOption.SPARSE)) {
            byte[] start = safetensors("{" + field("zeros", "F32", "[" + size / 4 + "]", 0, size) + "}", new byte[0]);
            channel.write(ByteBuffer.wrap(start), 0);
            channel.write(ByteBuffer.allocate(1), start.length + size - 1);
        }
        CliRun run = CliRun.inFreshJvm(PeakProbe.class, CliRun.launcherFlags(), "diff", large, dense);
        assertThat(run.errorLines()).hasSize(1);
        assertThat(run.status()).isZero();
        assertThat(run.out()).contains("equal: 1 tensors compared");
        assertThat(Long.parseLong(run.errorLines().getLast())).isBetween(1L << 20, 128L << 20);
    }
}
