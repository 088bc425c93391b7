package dev.ffmstore.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/// Each harness from its arguments to its report, on a small model. Times are not looked at.
class HarnessTest {
    @TempDir
    static Path folder;

    private static String model = "";

    @BeforeAll
    static void writeModel() throws IOException {
        System.setProperty("jmh.ignoreLock", "true"); // other builds on the machine do not matter here
        model = SmallModel.writeTo(folder).toString();
    }

    private record Result(int status, String out, String err) {
        Map<String, Object> json() throws IOException {
            return object(out);
        }
    }

    private static Result run(String... args) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CommandLine commands = Main.commands().setOut(new PrintWriter(out)).setErr(new PrintWriter(err, true));
        return new Result(commands.execute(args), out.toString(), err.toString());
    }

    @Test
    void wholeLoadReportsEveryPassAndShare() throws IOException {
        Result result = run("whole-load", "--model", model, "--repeat", "1", "--json");
        if (!hugePagesCanBeHad()) {
            assertThat(result.status()).isEqualTo(1);
            assertThat(result.err()).contains("huge pages");
            return;
        }

        assertThat(result.status()).as(result.err()).isZero();
        assertThat(result.json()).containsEntry("model", "small.gguf").containsEntry("denseBytes", (double)
                SmallModel.DENSE_BYTES);
        List<Map<String, Object>> passes = objects(result.json().get("passes"));
        assertThat(passes)
                .extracting(pass -> pass.get("pass"))
                .containsExactly(
                        "load, vector",
                        "load, scalar",
                        "read, memset",
                        "MemorySegment.fill",
                        "memset",
                        "a byte a page");
        for (Map<String, Object> pass : passes) {
            assertPositive(pass.get("medianSeconds"));
            assertPositive(pass.get("medianGigabytesPerSecond"));
            assertThat(objects(pass.get("rounds"))).hasSize(1).first().satisfies(round -> {
                assertThat((Double) round.get("hugePageBytes")).isGreaterThanOrEqualTo(SmallModel.DENSE_BYTES);
                assertThat(round).containsEntry("counts", true);
            });
        }
        for (Map<String, Object> load : passes.subList(0, 3)) {
            assertPositive(load.get("medianShareOfBestFill"));
        }
        assertThat(passes.get(3)).doesNotContainKey("medianShareOfBestFill");
    }

    @Test
    void wholeLoadPrintsATable() throws IOException {
        Result result = run("whole-load", "--model", model, "--repeat", "2", "--decoder", "scalar", "--threads", "1");
        if (hugePagesCanBeHad()) {
            assertThat(result.status()).as(result.err()).isZero();
            assertThat(result.out()).contains("load, scalar", "memset", "2/2").doesNotContain("load, vector");
        } else {
            assertThat(result.status()).isEqualTo(1);
        }
    }

    @Test
    void memoryReportsWhatTheChildTook() throws IOException {
        Result result = run("memory", "--model", model, "--xmx", "24m", "--collector", "serial", "--json");

        assertThat(result.status()).as(result.out()).isZero();
        Map<String, Object> report = result.json();
        assertThat(report)
                .containsEntry("passed", true)
                .containsEntry("denseBytes", (double) SmallModel.DENSE_BYTES)
                .doesNotContainKey("trials");
        assertThat((Double) report.get("heapPeakBytes")).isBetween(100e3, 24.0 * (1 << 20));
        assertPositive(report.get("allocatedBytes"));
        if (Files.exists(Path.of("/proc/self/status"))) {
            assertPositive(report.get("rssPeakAboveDenseBytes"));
            assertThat(report).containsEntry("swappedBytes", 0.0);
        }
        assertThat((Map<?, ?>) report.get("machine"))
                .extracting("flags")
                .asList()
                .contains("-Xmx24m", "-XX:+UseSerialGC");
    }

    @Test
    void memorySaysWhyTheChildFailed() throws IOException {
        Result garbage = run("memory", "--model", garbage(), "--json");
        assertThat(garbage.status()).isEqualTo(1);
        assertThat(garbage.json()).containsEntry("passed", false).doesNotContainKey("heapPeakBytes");
        assertThat(garbage.json().get("failure")).asString().contains("exit status 1", "garbage.gguf");

        Result tooSmall = run("memory", "--model", model, "--xmx", "1k");
        assertThat(tooSmall.status()).isEqualTo(1);
        assertThat(tooSmall.out()).contains("failed: exit status 1", "Too small maximum heap");
    }

    @Test
    void memoryFindsTheSmallestHeap() throws IOException {
        Result result = run("memory", "--model", model, "--decoder", "scalar", "--bisect", "--json");

        assertThat(result.status()).as(result.out()).isZero();
        double smallest = (Double) result.json().get("smallestXmxMebibytes");
        assertThat(smallest).isBetween(2.0, 64.0);
        assertThat(objects(result.json().get("trials")))
                .allSatisfy(trial ->
                        assertThat(trial).containsEntry("passed", (Double) trial.get("xmxMebibytes") >= smallest));
    }

    @Test
    void kernelsReportSpeedAndAllocation() throws IOException {
        Result result = run("kernels", "--json", "--type", "Q8_0", "--repeat", "3", "--stream-mib", "4");

        assertThat(result.status()).as(result.err()).isZero();
        Map<String, Object> report = result.json();
        List<Map<String, Object>> rows = objects(report.get("results"));
        assertThat(rows).extracting(row -> row.get("memory")).containsExactly("cached", "streamed");
        Set<String> notRun = map(report.get("notRun")).keySet();
        for (Map<String, Object> row : rows) {
            assertThat(row).containsEntry("type", "Q8_0");
            assertThat(Stream.concat(map(row.get("gigabytesPerSecond")).keySet().stream(), notRun.stream()))
                    .containsExactlyInAnyOrder("scalar", "vector", "ggml-shipped", "ggml-native", "ceiling");
            map(row.get("gigabytesPerSecond")).values().forEach(HarnessTest::assertPositive);
            assertPositive(map(row.get("vectorOver")).get("ceiling"));
            assertThat(map(row.get("rounds")).values())
                    .allSatisfy(values -> assertThat((List<?>) values).hasSize(3));
            assertThat(map(row.get("bytesPerBlock"))).containsKeys("scalar", "vector");
            if (!notRun.isEmpty()) {
                assertThat(row).containsEntry("verdict", "not compared");
            }
        }
    }

    @Test
    void kernelsPrintATableAndSayWhatWasNotRun() throws IOException {
        System.setProperty("ffmstore.ggml-native", folder.resolve("none.so").toString());
        try {
            Result result = run("kernels", "--type", "F16", "--memory", "cached", "--repeat", "1", "--stream-mib", "2");

            assertThat(result.status()).as(result.err()).isZero();
            assertThat(result.out()).contains("ggml-native: not run: ", "F16", "not compared");
        } finally {
            System.clearProperty("ffmstore.ggml-native");
        }
        assertThat(run("kernels", "--type", "Q8_1").status()).isEqualTo(2);
        assertThat(run("kernels", "--type", "F32").err()).contains("F32 is not decoded");
    }

    @Test
    void exportReportsEveryPassAgainstAPlainWrite() throws IOException {
        Path place = Files.createDirectory(folder.resolve("place"));
        Result result = run("export", "--model", model, "--folder", place.toString(), "--repeat", "2", "--json");

        assertThat(result.status()).as(result.err()).isZero();
        Map<String, Object> report = result.json();
        assertThat((Double) report.get("bytes")).isBetween(0.9 * SmallModel.DENSE_BYTES, 1.1 * SmallModel.DENSE_BYTES);
        assertThat((List<?>) report.get("passes")).hasSize(3).allSatisfy(pass -> {
            Map<?, ?> fields = (Map<?, ?>) pass;
            assertThat((List<?>) fields.get("seconds")).hasSize(2);
            assertPositive(fields.get("medianOverWrite"));
        });
        assertThat(place).isEmptyDirectory();
        assertThat(run("export", "--model", model, "--folder", place.toString(), "--repeat", "1")
                        .out())
                .contains("irpa", "safetensors", "write", "1 rounds");
    }

    @Test
    void missingModelIsOneLine() {
        Result result = run("whole-load", "--model", folder.resolve("none.gguf").toString());

        assertThat(result.status()).isEqualTo(1);
        assertThat(result.err().lines()).singleElement().asString().contains("none.gguf");
        assertThat(run("memory", "--model", model, "--xmx", "much").status()).isEqualTo(2);
        assertThat(run("whole-load", "--model", model, "--repeat", "0").status())
                .isEqualTo(2);
    }

    @Test
    void mainStartsAJvmWithTheFlagsThatThisOneLacks() throws Exception {
        Path err = folder.resolve("err");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx40m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Main.class.getName(),
                        "whole-load",
                        "--model",
                        garbage(),
                        "--decoder",
                        "vector")
                .redirectErrorStream(true)
                .redirectOutput(err.toFile())
                .start();

        assertThat(process.waitFor()).isEqualTo(1);
        // The first line is the incubator's: the second JVM had the flag.
        assertThat(Files.readString(err)).contains("jdk.incubator.vector", "benchmarks whole-load: ", "garbage.gguf");
    }

    private static String garbage() throws IOException {
        return Files.writeString(folder.resolve("garbage.gguf"), "not a model", StandardCharsets.US_ASCII)
                .toString();
    }

    private static boolean hugePagesCanBeHad() throws IOException {
        Path setting = Path.of("/sys/kernel/mm/transparent_hugepage/enabled");
        return System.getProperty("os.arch").equals("amd64")
                && Files.exists(setting)
                && !Files.readString(setting).contains("[never]");
    }

    private static void assertPositive(Object number) {
        assertThat((Double) number).isFinite().isPositive();
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> map(Object object) {
        return (Map<String, Object>) object;
    }

    @SuppressWarnings("unchecked")
    private static List<Map<String, Object>> objects(Object list) {
        return (List<Map<String, Object>>) list;
    }

    /// Parses a text that is one object and nothing else.
    @SuppressWarnings("unchecked")
    private static Map<String, Object> object(String text) throws IOException {
        try (JsonParser parser = new JsonFactory().createParser(text)) {
            parser.nextToken();
            Object value = value(parser);
            assertThat(parser.nextToken()).isNull();
            return (Map<String, Object>) value;
        }
    }

    /// The value at the current token; numbers are doubles.
    private static Object value(JsonParser parser) throws IOException {
        return switch (parser.currentToken()) {
            case START_OBJECT -> {
                Map<String, Object> fields = new LinkedHashMap<>();
                while (parser.nextToken() != JsonToken.END_OBJECT) {
                    String name = parser.currentName();
                    parser.nextToken();
                    fields.put(name, value(parser));
                }
                yield fields;
            }
            case START_ARRAY -> {
                List<Object> elements = new ArrayList<>();
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    elements.add(value(parser));
                }
                yield elements;
            }
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> parser.getDoubleValue();
            case VALUE_TRUE, VALUE_FALSE -> parser.getBooleanValue();
            case VALUE_STRING -> parser.getText();
            default -> throw new IOException("unexpected token " + parser.currentToken());
        };
    }
}
