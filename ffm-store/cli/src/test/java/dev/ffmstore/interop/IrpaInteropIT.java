package dev.ffmstore.interop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ffmstore.gguf.GgufFile;
import dev.ffmstore.gguf.TensorInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Parameter archives are to be, byte for byte, what IREE's own writer makes of gguf-py's tensors, and IREE's tools
/// are to find every tensor in them.
@Tag("interop")
class IrpaInteropIT {
    @TempDir
    Path folder;

    private Path model;

    @BeforeEach
    void writeModel() throws IOException {
        model = new VariedModel(VariedModel.NAMES_TO_ESCAPE).writeTo(folder.resolve("varied.gguf"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"F32", "F16", "BF16"})
    void archivesAreThoseOfIreesWriter(String dtype) throws IOException {
        Path archive = export(dtype);
        Path expected = folder.resolve("expected.irpa");
        Iree.script("irpa_reference.py", model, dtype, expected);

        assertThat(archive).hasSameBinaryContentAs(expected);
    }

    @ParameterizedTest
    @ValueSource(strings = {"F32", "F16", "BF16"})
    void splatsAreThoseOfIreesWriter(String dtype) throws IOException {
        Path archive = export(dtype, "--splat");
        Path expected = folder.resolve("expected.irpa");
        Iree.script("irpa_reference.py", model, dtype, expected, "splat");

        assertThat(archive).hasSameBinaryContentAs(expected);
        assertThat(Files.size(archive)).isLessThan(Files.size(export(dtype)));
    }

    @Test
    void dumpParametersListsEveryTensor() throws IOException {
        List<String> found = Pattern.compile("(?s) (\\d+) \\| `(.*?)`\n")
                .matcher(Iree.dumpParameters(export("F32")))
                .results()
                .map((MatchResult row) -> row.group(2) + ": " + row.group(1))
                .toList();

        try (GgufFile file = GgufFile.open(model)) {
            assertThat(found)
                    .containsExactlyElementsOf(file.tensors().stream()
                            .map((TensorInfo tensor) -> tensor.name() + ": " + tensor.denseByteSize())
                            .toList());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"F32", "F16", "BF16"})
    void runModuleReadsEveryTensor(String dtype) throws IOException {
        Path archive = export(dtype, "--splat");
        Path module = folder.resolve("parameters.mlir");
        Path compiled = folder.resolve("parameters.vmfb");
        Iree.script("parameter_functions.py", model, dtype, module);
        Iree.compile(module, compiled);

        Path elements = Files.createDirectory(folder.resolve("elements"));
        Iree.script("write_elements.py", model, dtype, elements);
        try (GgufFile file = GgufFile.open(model)) {
            for (int i = 0; i < file.tensors().size(); i++) {
                Path out = folder.resolve(i + ".bin");
                Iree.run(compiled, "tensor_" + i, out, "--parameters=model=" + archive);
                assertThat(out).as(file.tensors().get(i).name()).hasSameBinaryContentAs(elements.resolve(i + ".bin"));
            }
        }
    }

    private Path export(String dtype, String... options) throws IOException {
        Path archive = folder.resolve(dtype + options.length + ".irpa");
        Launcher.export(model, archive, dtype, options);
        return archive;
    }
}
