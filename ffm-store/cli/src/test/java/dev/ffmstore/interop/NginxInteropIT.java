package dev.ffmstore.interop;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/// A model on a real web server is what it is on a disk, and no more of it is read than is needed.
@Tag("interop")
@EnabledOnOs(OS.LINUX)
class NginxInteropIT {
    private static final long MIB = 1 << 20;

    @TempDir
    Path folder;

    private Path model;
    private String name;
    private Nginx nginx;

    @BeforeEach
    void start() throws Exception {
        run(List.of(), "demo", "--json", "--layers", 2, "--cache-dir", Places.cache());
        name = "tinyllama-1.1b-synthetic-2-layers.Q4_K_M.gguf";
        model = Places.cache().resolve(name);
        nginx = Nginx.start(Files.createDirectory(folder.resolve("nginx")), model.getParent());
    }

    @AfterEach
    void stop() throws InterruptedException {
        nginx.close();
    }

    /// Runs the launcher, and returns what it printed.
    private static String run(List<String> flags, Object... arguments) throws IOException {
        List<String> line = new ArrayList<>(List.of(Places.launcher().toString()));
        for (Object argument : arguments) {
            line.add(argument.toString());
        }
        ProcessBuilder builder = new ProcessBuilder(line).redirectError(ProcessBuilder.Redirect.INHERIT);
        builder.environment().put("FFM_STORE_OPTS", String.join(" ", flags));
        Process process = builder.start();
        try (var output = process.getInputStream()) {
            String text = new String(output.readAllBytes(), StandardCharsets.UTF_8);
            assertThat(process.waitFor()).as(String.join(" ", line)).isZero();
            return text;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while running " + line);
        }
    }

    private static long bytes(List<Nginx.Response> responses) {
        return responses.stream().mapToLong(Nginx.Response::bytes).sum();
    }

    @Test
    void inspectReadsLittleMoreThanTheHeader() throws Exception {
        String local = run(List.of(), "inspect", "--json", model);
        String remote = run(List.of(), "inspect", "--json", nginx.url(name));
        assertThat(remote.replace(nginx.url(name), model.toString())).isEqualTo(local);
        List<Nginx.Response> responses = nginx.stop();
        System.out.printf("inspect over HTTP: %d requests, %,d bytes%n", responses.size(), bytes(responses));
        assertThat(responses)
                .hasSizeBetween(1, 6)
                .allSatisfy(response -> assertThat(response.status()).isEqualTo(206));
        assertThat(bytes(responses)).isBetween(MIB / 2, 8 * MIB);
    }

    @Test
    void exportsTheSameBytesAndReadsEachOnce() throws Exception {
        Path local = folder.resolve("local.safetensors");
        Path remote = folder.resolve("remote.safetensors");
        run(List.of(), "export", "--dtype", "BF16", model, "-o", local);
        run(List.of(), "export", "--dtype", "BF16", nginx.url(name), "-o", remote);
        assertThat(Sha256.of(remote)).isEqualTo(Sha256.of(local));
        List<Nginx.Response> responses = nginx.stop();
        System.out.printf("export over HTTP: %d requests, %,d bytes%n", responses.size(), bytes(responses));
        assertThat(bytes(responses)).isBetween(Files.size(model), Files.size(model) * 11 / 10);
    }

    /// With the launcher's heap of 32 MiB, over TLS, and with HTTP/2, which the client negotiates.
    @Test
    void digestsTheSameTensorsOverTls() throws Exception {
        String local = run(List.of(), "checksum", model);
        assertThat(run(nginx.trust(), "checksum", nginx.secureUrl(name))).isEqualTo(local);
        List<Nginx.Response> responses = nginx.stop();
        assertThat(responses)
                .isNotEmpty()
                .allSatisfy(response -> assertThat(response.protocol()).isEqualTo("HTTP/2.0"));
        assertThat(bytes(responses)).isLessThan(Files.size(model) * 5 / 4);
    }
}
