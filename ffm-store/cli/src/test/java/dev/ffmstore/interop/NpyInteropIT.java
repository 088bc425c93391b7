package dev.ffmstore.interop;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Folders of NPY files are to be what numpy maps as gguf-py's tensors.
@Tag("interop")
class NpyInteropIT {
    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"F32", "F16", "BF16"})
    void numpyMapsEveryTensor(String dtype) throws IOException {
        VariedModel varied = new VariedModel(VariedModel.NAMES_TO_ESCAPE);
        Path model = varied.writeTo(folder.resolve("varied.gguf"));
        Path export = folder.resolve("export");
        Launcher.export(model, export, dtype, "--format", "npy");

        assertThat(Iree.script("read_npy.py", model, dtype, export)).isEqualTo(varied.tensors() + "\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"../up", "/etc/passwd", "a/../../b", "..\\up", "nul.npy"})
    void noNameLeadsOutOfTheFolder(String name) throws IOException {
        Path model = new VariedModel(List.of(name)).writeTo(folder.resolve("varied.gguf"));
        Path export = Files.createDirectory(folder.resolve("below")).resolve("export");
        Launcher.export(model, export, "F32", "--format", "npy");

        Iree.script("read_npy.py", model, "F32", export);
        try (var beside = Files.list(export.getParent())) {
            assertThat(beside).containsExactly(export);
        }
    }
}
