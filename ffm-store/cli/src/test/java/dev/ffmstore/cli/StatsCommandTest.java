package dev.ffmstore.cli;

import static dev.ffmstore.formats.WeightFiles.field;
import static dev.ffmstore.formats.WeightFiles.floats;
import static dev.ffmstore.formats.WeightFiles.safetensors;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ffmstore.TestModel;
import dev.ffmstore.formats.WeightFiles;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class StatsCommandTest {
    private static final String ODD_NAME = "<script>\\\"&'\u202e x";

    @TempDir
    Path folder;

    private Path page() {
        return folder.resolve("page.html");
    }

    /// Two layers and a tensor whose name and values are odd.
    private Path model() throws IOException {
        String header = "{" + field("blk.0.w", "F32", "[2]", 0, 8) + "," + field("blk.1.w", "F32", "[2]", 8, 16) + ","
                + field(ODD_NAME, "F32", "[4]", 16, 32) + "}";
        byte[] data = floats(1, 3, -1, 5, Float.NaN, Float.NEGATIVE_INFINITY, 0, 8);
        return Files.write(folder.resolve("model.safetensors"), safetensors(header, data));
    }

    @SuppressWarnings("unchecked")
    private static List<Map<String, @Nullable Object>> tensors(CliRun run) throws IOException {
        return (List<Map<String, @Nullable Object>>) run.json().get("tensors");
    }

    @Test
    void jsonHasEveryFigure() throws IOException {
        CliRun run = CliRun.of("stats", "--json", model());
        assertThat(run.status()).isZero();
        assertThat(tensors(run)).hasSize(3);
        Map<String, @Nullable Object> odd = tensors(run).getLast();
        assertThat(odd)
                .containsEntry("name", "<script>\"&'\u202e x")
                .containsEntry("dtype", "F32")
                .containsEntry("storedType", "F32")
                .containsEntry("shape", List.of(BigInteger.valueOf(4)))
                .containsEntry("elements", BigInteger.valueOf(4))
                .containsEntry("min", 0.0)
                .containsEntry("max", 8.0)
                .containsEntry("mean", 4.0)
                .containsEntry("std", 4.0)
                .containsEntry("zeros", BigInteger.ONE)
                .containsEntry("nans", BigInteger.ONE)
                .containsEntry("positiveInfinities", BigInteger.ZERO)
                .containsEntry("negativeInfinities", BigInteger.ONE);
        List<?> histogram = (List<?>) odd.get("histogram");
        assertThat(histogram).hasSize(64);
        assertThat(histogram.getFirst()).isEqualTo(BigInteger.ONE);
        assertThat(histogram.getLast()).isEqualTo(BigInteger.ONE);
        assertThat(run.out()).doesNotContain("\u202e");
    }

    @Test
    void theTableHasARowForEachTensor() throws IOException {
        CliRun run = CliRun.of("stats", CliRun.tinyModel());
        assertThat(run.err()).isEmpty();
        assertThat(run.out().lines().filter(line -> line.contains("|"))).hasSize(22);
        assertThat(run.out().lines().filter(line -> line.startsWith(" output_norm.weight ")))
                .singleElement()
                .asString()
                .contains("F32", "[256]", "0.8615", "1.178", "1.003", "0.04924", "█");
    }

    @Test
    void everyTypeHasFiguresWhateverTheThreads() throws IOException {
        Path model = TestModel.ofEveryType().writeTo(folder);
        CliRun one = CliRun.of("stats", "--json", "--threads", 1, model);
        assertThat(one.status()).isZero();
        assertThat(tensors(one))
                .hasSize(TestModel.ofEveryType().header().tensors().size());
        assertThat(CliRun.of("stats", "--json", "--threads", 3, model).out()).isEqualTo(one.out());
        assertThat(tensors(one).stream().filter(tensor -> tensor.get("name").equals("empty")))
                .singleElement()
                .satisfies(empty -> assertThat(empty).doesNotContainKeys("min", "std", "histogram"));
    }

    @Test
    void patternsChoose() throws IOException {
        CliRun run = CliRun.of("stats", "--json", "--include", "blk.*", "--exclude", "*.1.*", model());
        assertThat(tensors(run)).extracting(tensor -> tensor.get("name")).containsExactly("blk.0.w");
        assertThat(CliRun.of("stats", "--include", "none", model()).status()).isEqualTo(2);
    }

    @Test
    void anArchiveIsRefused() throws IOException {
        Path irpa = Files.write(
                folder.resolve("a.irpa"),
                WeightFiles.irpa().data("x", new byte[4]).bytes());
        CliRun run = CliRun.of("stats", irpa);
        assertThat(run.status()).isEqualTo(1);
        assertThat(run.errorLines()).singleElement().asString().startsWith("ffm-store: " + irpa + ": an .irpa archive");
    }

    @Test
    void thePageHoldsEveryTensorAndLoadsNothing() throws IOException {
        CliRun run = CliRun.of("stats", "--html", page(), model());
        assertThat(run.err()).isEmpty();
        assertThat(run.status()).isZero();
        assertThat(run.out()).isEqualTo(page() + ": statistics of 3 tensors" + System.lineSeparator());
        String html = Files.readString(page());
        assertThat(html)
                .startsWith("<!DOCTYPE html>")
                .endsWith("</html>\n")
                .contains("<h1>model.safetensors</h1>")
                .doesNotContain(folder.toString())
                .contains("<figcaption>blk.*.w</figcaption>")
                .contains("<th scope=\"row\">blk.0.w</th>")
                .contains("<th scope=\"row\">&lt;script&gt;&quot;&amp;&#39;\\u{202e} x</th>")
                .contains("<td class=\"n bad\" data-v=\"1\">1</td>")
                .contains("default-src 'none'");
        assertThat(Pattern.compile("<tr><th scope=\"row\">").matcher(html).results())
                .hasSize(3);
        assertThat(Pattern.compile("<script").matcher(html).results()).hasSize(1);
        assertThat(html).doesNotContain("\u202e").doesNotContainPattern("(src|href)=\"(?!data:,)");
        assertThat(html).doesNotContain("http://", "https://", "url(", "@import", "fetch(");
    }

    @Test
    void anExistingPageIsReplacedOnlyIfAsked() throws IOException {
        Files.writeString(page(), "mine");
        CliRun refused = CliRun.of("stats", "--html", page(), model());
        assertThat(refused.status()).isEqualTo(1);
        assertThat(refused.errorLines())
                .containsExactly("ffm-store: " + page() + ": is there already: --force replaces it");
        assertThat(Files.readString(page())).isEqualTo("mine");
        assertThat(CliRun.of("stats", "--html", page(), "--force", model()).status())
                .isZero();
        assertThat(Files.readString(page())).startsWith("<!DOCTYPE html>");
        assertThat(CliRun.of("stats", "--force", model()).status()).isEqualTo(2);
    }

    @Test
    void aFailureLeavesNothing() throws IOException {
        Path broken = Files.write(folder.resolve("broken.safetensors"), new byte[20]);
        assertThat(CliRun.of("stats", "--html", page(), broken).status()).isEqualTo(1);
        Path nowhere = folder.resolve("no/page.html");
        CliRun run = CliRun.of("stats", "--html", nowhere, model());
        assertThat(run.status()).isEqualTo(1);
        assertThat(run.errorLines()).singleElement().asString().contains("page.html");
        CliRun directory = CliRun.of("stats", "--html", folder, "--force", model());
        assertThat(directory.errorLines()).containsExactly("ffm-store: " + folder + ": is a directory");
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files)
                    .extracting(file -> file.getFileName().toString())
                    .containsExactlyInAnyOrder("broken.safetensors", "model.safetensors");
        }
    }

    @Test
    void theModelIsNeverReplacedByItsPage() throws IOException {
        Path model = model();
        byte[] before = Files.readAllBytes(model);
        CliRun run = CliRun.of("stats", "--html", model, "--force", model);
        assertThat(run.status()).isEqualTo(2);
        assertThat(Files.readAllBytes(model)).isEqualTo(before);
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void takesLittleMemoryWhateverTheTensor() throws Exception {
        Path large = folder.resolve("large.gguf");
        SparseModel.write(large, 512 << 20);
        CliRun run = CliRun.inFreshJvm(PeakProbe.class, CliRun.launcherFlags(), "stats", "--html", page(), large);
        assertThat(run.errorLines()).hasSize(1);
        assertThat(run.status()).isZero();
        assertThat(Long.parseLong(run.errorLines().getLast())).isBetween(1L << 20, 128L << 20);
    }
}
