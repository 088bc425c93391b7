package dev.ffmstore.interop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ffmstore.fixtures.Json;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Safetensors files are to be valid in the eyes of the format's own library, and to hold gguf-py's tensors; JAX is
/// to use all of them as they lie in the file, which takes their alignment.
@Tag("interop")
class SafetensorsInteropIT {
    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"F32", "F16", "BF16"})
    void libraryAndJaxReadEveryTensor(String dtype) throws IOException {
        VariedModel varied = new VariedModel(VariedModel.NAMES);
        Path model = varied.writeTo(folder.resolve("varied.gguf"));
        Path file = folder.resolve("model.safetensors");
        Launcher.export(model, file, dtype);

        Map<String, ?> found = Json.lines(Iree.script("read_safetensors.py", model, dtype, file))
                .getFirst();

        assertThat(found.get("tensors")).isEqualTo(BigInteger.valueOf(varied.tensors()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"F32", "BF16"})
    void jaxUsesARealModelInPlace(String dtype) throws IOException {
        Path model = RealModel.SMOLLM2.file();
        Path file = folder.resolve("model.safetensors");
        Launcher.export(model, file, dtype);

        Map<String, ?> found = Json.lines(Iree.script("read_safetensors.py", model, dtype, file))
                .getFirst();

        System.out.printf("SmolLM2 as %s, read by safetensors and JAX: %s%n", dtype, found);
        assertThat(found.get("tensors")).isEqualTo(BigInteger.valueOf(272));
        assertThat(found.get("inPlace")).isEqualTo(BigInteger.valueOf(272));
    }
}
