package dev.ffmstore.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.ffmstore.bench.run.Json;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/// The parts of the suite and its report, on small models. Times are not looked at.
class SuiteTest {
    @TempDir
    static Path folder;

    private static String model = "";

    @BeforeAll
    static void writeModel() throws IOException {
        model = SmallModel.writeTo(folder).toString();
    }

    private static Json run(int status, String... args) throws IOException {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CommandLine commands = Main.commands().setOut(new PrintWriter(out)).setErr(new PrintWriter(err, true));
        assertThat(commands.execute(args)).as(out + "\n" + err).isEqualTo(status);
        return Json.parse(out.toString());
    }

    @Test
    void peersFindTheSmallestHeapAndSampleMemory() throws IOException {
        Json report =
                run(0, "peers", "--model", model, "--peer", "float_arrays", "--no-python", "--json", "--threads", "1");

        Json row = report.objects("rows").getFirst();
        assertThat(row.fields()).containsEntry("passed", true).containsEntry("denseBytes", SmallModel.DENSE_BYTES);
        assertThat(row.number("smallestXmxMebibytes")).isBetween(64.0, 128.0);
        assertThat(row.object("withSmallestXmx").text("sample")).isEqualTo(row.text("sample"));
        if (Files.exists(Path.of("/proc/self/status"))) {
            assertThat(row.number("rssPeakBytes")).isGreaterThan(SmallModel.DENSE_BYTES);
            assertThat(row.numbers("sampleResidentBytes"))
                    .isNotEmpty()
                    .allMatch(bytes -> bytes > 0 && bytes < 16.0 * SmallModel.DENSE_BYTES);
        }
    }

    @Test
    void aPeerThatCannotRunSaysWhy() throws IOException {
        Json report = run(
                0,
                "peers",
                "--model",
                model,
                "--peer",
                "elements",
                "--no-bisect",
                "--json",
                "--python",
                folder.resolve("no-python").toString());

        assertThat(report.objects("rows"))
                .extracting(row -> row.text("peer"), row -> row.fields().get("failure"))
                .containsExactly(
                        tuple("element by element", null), tuple("gguf-py", "not run: no Python with gguf found"));
    }

    @Test
    @EnabledOnOs(value = OS.LINUX, architectures = "amd64")
    void memoryTableSwitchesTheKindOfMemory() throws IOException {
        Json report = run(
                0,
                "memory-table",
                "--model",
                model,
                "--decoder=scalar",
                "--xmx=16m",
                "--threads=1,2",
                "--collector=serial",
                "--json");

        List<Json> rows = report.objects("rows");
        assertThat(rows)
                .extracting(row -> row.text("memory"), row -> row.text("threads"))
                .containsExactly(
                        tuple("huge pages", "1"),
                        tuple("huge pages", "2"),
                        tuple("ordinary pages", "1"),
                        tuple("ordinary pages", "2"),
                        tuple("fallback", "1"),
                        tuple("fallback", "2"));
        assertThat(rows.subList(2, 6))
                .allSatisfy(row -> assertThat(row.number("hugePageBytes")).isZero());
        assertThat(rows).allSatisfy(row -> {
            assertThat(row.number("heapPeakBytes")).isLessThan(16 << 20);
            assertThat(row.number("rssPeakAboveDenseBytes")).isBetween(0.0, 128.0 * (1 << 20));
        });
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void coldStartTakesTheCommandsWordForThePass() throws IOException {
        Path launcher = folder.resolve("ffm-store");
        Files.writeString(launcher, """
                #!/bin/sh
                echo "{\\"seconds\\": 0.$#}"
                """);
        Files.setPosixFilePermissions(launcher, PosixFilePermissions.fromString("rwx------"));
        Json report = run(
                0,
                "cold-start",
                "--model",
                model,
                "--repeat=2",
                "--uncached=1",
                "--launcher",
                launcher.toString(),
                "--json");

        assertThat(report.objects("rows"))
                .extracting(row ->
                        row.text("decoder") + " " + row.text("pageCache") + " " + row.numbers("firstPassSeconds"))
                // load --json --threads N --decoder D F: seven arguments
                .containsExactly(
                        "vector warm [0.7, 0.7]", "vector cold [0.7]", "scalar warm [0.7, 0.7]", "scalar cold [0.7]");
    }

    @Test
    void scalingLeavesOutWhatDoesNotFitAndNoFileBehind() throws IOException {
        Path models = folder.resolve("models");
        Json report = run(
                0,
                "scaling",
                "--layers=100000",
                "--tensors=50",
                "--elements=512",
                "--repeat=1",
                "--folder",
                models.toString(),
                "--json");

        assertThat(report.objects("layers"))
                .singleElement()
                .extracting(row -> row.text("failure"))
                .asString()
                .startsWith("not run: it takes ");
        assertThat(report.object("manyTensors").number("tensors")).isEqualTo(50);
        assertThat(models).isEmptyDirectory();
    }

    @Test
    void reportRunsItsPartsAndRendersThem() throws IOException {
        Path out = folder.resolve("report");
        StringWriter said = new StringWriter();
        int status = Main.commands()
                .setOut(new PrintWriter(said))
                .execute(
                        "report",
                        "--quick",
                        "--part=scaling,cold_start",
                        "--launcher=" + folder.resolve("none"),
                        "--model=" + model,
                        "--out=" + out);

        assertThat(status).isEqualTo(1);
        assertThat(said.toString()).contains("README.md", "cold-start failed: exit status 2");
        Json results = Json.parse(Files.readString(out.resolve("results.json")));
        assertThat(results.text("modelSha256")).hasSize(64);
        assertThat(results.object("parts").fields()).containsOnlyKeys("scaling");
        assertThat(results.object("failures").fields()).containsOnlyKeys("cold-start");
        assertThat(out.resolve("README.md"))
                .content()
                .contains("A quick run", "## Scaling", "| **failed** | cold-start")
                .doesNotContain("## Kernels", folder.toString());
    }

    @Test
    void everyTableAndPlotIsRenderedFromResults() throws Exception {
        Path results = Path.of(SuiteTest.class.getResource("quick-results.json").toURI());
        Path out = folder.resolve("rendered");
        assertThat(Main.commands().execute("report", "--from", results.toString(), "--out", out.toString()))
                .isZero();

        assertThat(out.resolve("README.md"))
                .content()
                .contains(
                        "## Goals",
                        "## Whole load, threads: 2",
                        "## Whole load, threads: 1",
                        "## Cold start",
                        "## Peers",
                        "## Memory under every mode",
                        "## Scaling",
                        "### cached",
                        "### streamed",
                        "| boxed bytes, copied per tensor | -Xmx257m -XX:+UseG1GC |",
                        "| Q4_K | 4.9 |",
                        "ggml-native: not run")
                .doesNotContain("null", "NaN", "Infinity");
        for (String plot : List.of(
                "cold-and-warm", "memory-over-time", "memory-over-time-small", "kernels-cached", "kernels-streamed")) {
            assertThat(out.resolve("README.md")).content().contains("(" + plot + ".svg)");
            // a path for each word, bar and line
            assertThat(out.resolve(plot + ".svg"))
                    .content()
                    .contains("<svg", "</svg>")
                    .satisfies(svg -> assertThat(svg.split("<path", -1)).hasSizeGreaterThan(20));
        }
    }
}
