package dev.ffmstore.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ffmstore.fixtures.RangeServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Every command takes a URL where it takes a path.
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class RemoteModelTest {
    private static final String QUERY = "?X-Amz-Signature=secret";

    @TempDir
    Path folder;

    private RangeServer server;
    private String url;

    @BeforeEach
    void start() throws IOException {
        server = new RangeServer(Files.readAllBytes(CliRun.tinyModel()));
        url = server.url("/folder/" + CliRun.tinyModel().getFileName()).toString();
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"inspect", "inspect --json", "checksum", "checksum --json", "stats"})
    void printsWhatItPrintsOfTheFile(String command) {
        List<Object> local = new ArrayList<>(List.of(command.split(" ")));
        List<Object> remote = new ArrayList<>(local);
        local.add(CliRun.tinyModel());
        remote.add(url + QUERY);
        CliRun run = CliRun.of(remote.toArray());
        assertThat(run.status()).isZero();
        assertThat(run.err()).isEmpty();
        assertThat(run.out()).doesNotContain("secret");
        // table lines are as wide as names are long
        assertThat(run.out().replace(url, "MODEL").replaceAll(" +|-+", " "))
                .isEqualTo(CliRun.of(local.toArray())
                        .out()
                        .replace(CliRun.tinyModel().toString(), "MODEL")
                        .replaceAll(" +|-+", " "));
    }

    /// These also print how much memory there is, which changes.
    @ParameterizedTest
    @ValueSource(strings = {"plan", "load"})
    void plansAndLoads(String command) throws IOException {
        CliRun run = CliRun.of(command, "--json", url + QUERY);
        assertThat(run.status()).isZero();
        assertThat(run.json())
                .containsEntry("file", url)
                .containsEntry(
                        "denseBytes",
                        CliRun.of(command, "--json", CliRun.tinyModel()).json().get("denseBytes"));
    }

    @Test
    void exportsTheSameBytes() throws IOException {
        for (String out : List.of("m.irpa", "m.safetensors", "m.mlir")) {
            Path local = folder.resolve("local-" + out);
            Path remote = folder.resolve("remote-" + out);
            String format = out.endsWith("mlir") ? "mlir-constants" : out.substring(2);
            assertThat(CliRun.of("export", "--format", format, CliRun.tinyModel(), "-o", local)
                            .status())
                    .isZero();
            assertThat(CliRun.of("export", "--format", format, url + QUERY, "-o", remote)
                            .status())
                    .isZero();
            assertThat(remote).hasSameBinaryContentAs(local);
        }
    }

    @Test
    void isComparedWithTheFile() {
        assertThat(CliRun.of("diff", CliRun.tinyModel(), url + QUERY).status()).isZero();
        CliRun run = CliRun.of("diff", CliRun.tinyModel(), server.url("/x?secret") + "#y");
        assertThat(run.status()).isZero();
        server.behave((call, _) -> call.status(404));
        assertThat(CliRun.of("diff", CliRun.tinyModel(), url + QUERY).err())
                .isEqualTo("ffm-store: " + url + ": no such file on the server: status 404" + System.lineSeparator());
    }

    @Test
    void isBaked() throws IOException {
        Path module = Files.writeString(
                folder.resolve("m.mlir"),
                "func.func @main() -> tensor<256xf32> {\n"
                        + "  %0 = stablehlo.constant dense_resource<output_norm.weight> : tensor<256xf32>\n"
                        + "  return %0 : tensor<256xf32>\n}\n");
        CliRun run = CliRun.of("bake", module, url + QUERY, "-o", folder.resolve("out.mlir"));
        assertThat(run.err()).isEmpty();
        assertThat(run.status()).isZero();
        server.behave((call, _) -> call.status(404));
        assertThat(CliRun.of("bake", module, url + QUERY, "-o", folder.resolve("other.mlir"))
                        .err())
                .isEqualTo("ffm-store: " + url + ": no such file on the server: status 404" + System.lineSeparator());
    }

    @Test
    void failsInOneLineThatHasNoQuery() {
        server.behave((call, _) -> call.whole());
        CliRun run = CliRun.of("inspect", url + QUERY);
        assertThat(run.status()).isEqualTo(Main.FAILED);
        assertThat(run.out()).isEmpty();
        assertThat(run.err())
                .isEqualTo(
                        "ffm-store: " + url + ": the server ignores ranges: the file is not read: expected status 206,"
                                + " got 200 and the whole file" + System.lineSeparator());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://a b/m.gguf?secret",
                "https://user:secret@127.0.0.1/m.gguf",
                "https:///m.gguf?secret",
                "http://127.0.0.1/folder/?secret"
            })
    void refusesWhatIsNoUrlOfAFile(String argument) {
        CliRun run = CliRun.of("inspect", argument);
        assertThat(run.status()).isEqualTo(Main.FAILED);
        assertThat(run.errorLines()).hasSize(1);
        assertThat(run.err())
                .startsWith("ffm-store: http")
                .doesNotContain("secret")
                .doesNotContain("internal");
    }
}
