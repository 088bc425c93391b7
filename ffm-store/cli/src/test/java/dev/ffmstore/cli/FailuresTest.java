package dev.ffmstore.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What a user sees when a command fails, or is used wrongly.
class FailuresTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"inspect", "plan", "load", "checksum"})
    void saysInALineWhyAFileCannotBeRead(String command) throws IOException {
        Path text = Files.writeString(folder.resolve("text.gguf"), "some text");
        assertFails(CliRun.of(command, folder), folder + ": is no model: expected ");
        assertFails(CliRun.of(command, folder.resolve("none")), folder.resolve("none") + ": no such file");
        assertFails(CliRun.of(command, "--json", text), text + ": not a GGUF file: offset=0, ");
    }

    @Test
    void saysInALineWhyAFolderCannotBeMade() throws IOException {
        Path file = Files.createFile(folder.resolve("file"));
        assertFails(CliRun.of("demo", "--cache-dir", file), file + ": is not a directory");
    }

    @Test
    void escapesTheNamesOfFiles() {
        assertFails(CliRun.of("load", folder + "/\u001B[2J\n"), folder + "/\\u{1b}[2J\\u{a}: no such file");
    }

    @Test
    void showsTheStackTraceWhenAsked() {
        CliRun run = CliRun.of("load", "--stacktrace", folder);
        assertThat(run.status()).isEqualTo(1);
        assertThat(run.errorLines().getFirst()).startsWith("ffm-store: " + folder + ": is no model: expected ");
        assertThat(run.err()).contains("\tat dev.ffmstore.cli.FileCommand");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "load",
                "dance",
                "load --threads 0 FILE",
                "load --threads two FILE",
                "load --decoder quick FILE",
                "load --quickly FILE",
                "load FILE FILE",
                "load --include none.* FILE",
                "checksum --exclude none.* FILE",
                "plan --include [a FILE",
                "plan --include {a,b FILE",
                "inspect --include * FILE",
                "demo --layers 0",
                "demo --layers 23",
                "demo FILE"
            })
    void saysWhatIsWrongUsage(String line) {
        Object[] args = Stream.of(line.split(" "))
                .filter(word -> !word.isEmpty())
                .map(word -> word.equals("FILE") ? CliRun.tinyModel().toString() : word)
                .toArray();
        CliRun run = CliRun.of(args);
        assertThat(run.status()).isEqualTo(2);
        assertThat(run.out()).isEmpty();
        assertThat(run.errorLines()).hasSize(2);
        assertThat(run.errorLines().getFirst()).matches("ffm-store: \\S.*");
        assertThat(run.errorLines().getLast()).matches("try: ffm-store .*--help");
    }

    @Test
    void namesTheRemedyForAHeapThatIsTooSmall() throws Exception {
        Path file = folder.resolve("keys.gguf");
        ManyKeys.write(file, 60_000);
        CliRun run = CliRun.inFreshJvm(List.of("-Xmx6m", "-XX:+UseSerialGC"), "inspect", file);
        assertFails(
                run,
                file + ": the JVM's heap is too small: try again with a larger one, such as FFM_STORE_OPTS=-Xmx256m");
    }

    @Test
    void takesNoArgumentsFromFiles() throws Exception {
        Path arguments = Files.writeString(folder.resolve("arguments"), "--version");
        assertFails(CliRun.of("inspect", "@" + arguments), "@" + arguments + ": no such file");
    }

    @Test
    void saysWhatVectorDecodersNeed() throws Exception {
        CliRun run = CliRun.inFreshJvm(List.of("-Xmx32m"), "load", "--decoder", "vector", CliRun.tinyModel());
        assertFails(
                run, CliRun.tinyModel() + ": the vector decoders need the JVM flag --add-modules jdk.incubator.vector");
    }

    static Stream<String[]> malformedFiles() throws IOException {
        return resource("verdicts.tsv").lines().skip(1).map(line -> line.split("\t"));
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("malformedFiles")
    void givesMalformedFilesTheirVerdict(String name, String verdict) throws IOException {
        Path file = Files.write(folder.resolve(name), bytes(name));
        CliRun inspect = CliRun.of("inspect", file);
        CliRun checksum = CliRun.of("checksum", file);
        CliRun load = CliRun.of("load", "--json", file);
        switch (verdict) {
            case "accept" ->
                assertThat(List.of(inspect, checksum, load)).allSatisfy(run -> {
                    assertThat(run.err()).isEmpty();
                    assertThat(run.status()).isZero();
                });
            case "inspect-only" -> {
                assertThat(inspect.status()).isZero();
                assertThat(inspect.out()).contains("warning: ");
                assertFails(checksum, file + ": tensor ");
                assertFails(load, file + ": tensor ");
            }
            case "reject" ->
                assertThat(List.of(inspect, checksum, load)).allSatisfy(run -> assertFails(run, file + ": "));
            default -> throw new AssertionError(verdict);
        }
    }

    /// Status 1, one line that begins so, and nothing else.
    private static void assertFails(CliRun run, String beginning) {
        assertThat(run.errorLines()).hasSize(1);
        assertThat(run.errorLines().getFirst()).startsWith("ffm-store: " + beginning);
        assertThat(run.out()).isEmpty();
        assertThat(run.status()).isEqualTo(1);
    }

    private static String resource(String name) throws IOException {
        return new String(bytes(name), StandardCharsets.UTF_8);
    }

    private static byte[] bytes(String name) throws IOException {
        try (var stream = FailuresTest.class.getResourceAsStream("/malformed/" + name)) {
            return stream.readAllBytes();
        }
    }
}
