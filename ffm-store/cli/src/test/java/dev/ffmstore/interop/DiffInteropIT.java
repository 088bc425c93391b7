package dev.ffmstore.interop;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// `diff` is to find no difference between a GGUF file and what gguf-py makes of it, written by safetensors and by
/// numpy; and one bit of difference where there is one.
@Tag("interop")
class DiffInteropIT {
    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"F32", "F16", "BF16"})
    void safetensorsAreEqualToTheirModel(String dtype) throws IOException {
        VariedModel varied = new VariedModel(VariedModel.NAMES);
        Path model = varied.writeTo(folder.resolve("varied.gguf"));
        Path file = folder.resolve("model.safetensors");
        Iree.script("write_weights.py", model, dtype, file);

        assertEqual(Launcher.run("diff", "--dtype", dtype, model, file), varied.tensors());
        assertEqual(Launcher.run("diff", "--dtype", dtype, file, model), varied.tensors());

        flipABit(file);
        Command diff = Command.run(
                List.of(Places.launcher().toString(), "diff", "--dtype", dtype, model.toString(), file.toString()));
        assertThat(diff.status()).isEqualTo(1);
        assertThat(diff.output()).contains("different: ", ", 1 beyond equality of bits");
    }

    @ParameterizedTest
    @CsvSource({"F32, model.safetensors", "BF16, model.safetensors", "F16, arrays/"})
    void aRealModelIsEqual(String dtype, String out) throws IOException {
        Path model = RealModel.SMOLLM2.file();
        String written = folder.resolve(out) + (out.endsWith("/") ? "/" : "");
        Iree.script("write_weights.py", model, dtype, written);

        Launcher.Report report = Launcher.run("diff", "--dtype", dtype, model, written);

        System.out.printf(
                "SmolLM2 as %s and %s: %.1f s, %d MiB%n",
                dtype, out, report.measured().seconds(), report.measured().peakRssBytes() >> 20);
        assertEqual(report, 272);
    }

    @Test
    void numpysArraysAreEqualToTheirModel() throws IOException {
        Path model = new VariedModel(List.of()).writeTo(folder.resolve("varied.gguf"));
        Path arrays = folder.resolve("arrays");
        for (String dtype : List.of("F32", "BF16")) {
            Iree.script("write_weights.py", model, dtype, arrays.resolve(dtype) + "/");
            assertEqual(
                    Launcher.run("diff", "--dtype", dtype, model, arrays.resolve(dtype)),
                    new VariedModel(List.of()).tensors());
        }
    }

    @SuppressWarnings("unchecked")
    private static void assertEqual(Launcher.Report report, int tensors) {
        assertThat(report.json().get("agrees")).isEqualTo(true);
        assertThat(report.json().get("compared")).isEqualTo(BigInteger.valueOf(tensors));
        assertThat((List<Map<String, @Nullable Object>>) report.json().get("tensors"))
                .hasSize(tensors)
                .allSatisfy(tensor -> assertThat(tensor)
                        .containsEntry("verdict", "equal")
                        .containsEntry("bitsDiffering", BigInteger.ZERO)
                        .containsEntry("maxAbs", 0.0));
    }

    /// Flips the lowest bit of the file's last element.
    private static void flipABit(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer last = ByteBuffer.allocate(1);
            channel.read(last, channel.size() - 1);
            last.put(0, (byte) (last.get(0) ^ 1)).flip();
            channel.write(last, channel.size() - 1);
        }
    }
}
