package dev.ffmstore.interop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ffmstore.gguf.GgufFile;
import dev.ffmstore.gguf.TensorInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// IREE is to read MLIR text, and modules that were baked, and to return every tensor as gguf-py decodes it.
@Tag("interop")
class MlirInteropIT {
    private static final Pattern DECLARATION = Pattern.compile("util\\.global private (@\".*?\") = .* : (tensor<.*>)");

    @TempDir
    Path folder;

    private Path model = Path.of("");

    @BeforeEach
    void writeModel() throws IOException {
        model = new VariedModel(VariedModel.NAMES_TO_ESCAPE).writeTo(folder.resolve("varied.gguf"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"F32", "F16", "BF16"})
    void everyConstantIsAFunctionThatReturnsIt(String dtype) throws IOException {
        assertFunctionsReturnTheTensors(exportConstants(dtype), dtype);
    }

    @Test
    void everyDeclarationFindsItsParameter() throws IOException {
        Path archive = folder.resolve("model.irpa");
        Launcher.export(model, archive, "F16");
        Path declarations = folder.resolve("declarations.mlir");
        Launcher.export(model, declarations, "F16", "--format", "mlir-params");

        StringBuilder module = new StringBuilder(Files.readString(declarations));
        Matcher declared = DECLARATION.matcher(Files.readString(declarations));
        int count = 0;
        while (declared.find()) {
            module.append("""
                    func.func public @tensor_%1$d() -> %3$s {
                      %%0 = util.global.load %2$s : %3$s
                      return %%0 : %3$s
                    }
                    """.formatted(count++, declared.group(1), declared.group(2)));
        }
        Path compiled = folder.resolve("declarations.vmfb");
        Iree.compile(Files.writeString(folder.resolve("module.mlir"), module), compiled);

        Path elements = elements("F16");
        List<String> names = names();
        assertThat(count).isEqualTo(names.size());
        for (int i = 0; i < count; i++) {
            Path out = folder.resolve(i + ".bin");
            Iree.run(compiled, "tensor_" + i, out, "--parameters=model=" + archive);
            assertThat(out).as(names.get(i)).hasSameBinaryContentAs(elements.resolve(i + ".bin"));
        }
    }

    /// A module of constants without its data, baked, is the module of constants.
    @Test
    void bakedTextIsWhatTheExportOfConstantsWrites() throws IOException {
        Path constants = exportConstants("BF16");
        Path baked = folder.resolve("baked.mlir");
        Launcher.run("bake", withoutData(constants), model, "--dtype", "BF16", "-o", baked);
        assertThat(baked).hasSameBinaryContentAs(constants);
    }

    @ParameterizedTest
    @ValueSource(strings = {"F32", "BF16"})
    void bakedBytecodeReturnsTheTensors(String dtype) throws IOException {
        Path template = folder.resolve("template.mlirbc");
        Iree.writeBytecode(withoutData(exportConstants(dtype)), template);
        Path baked = folder.resolve("baked.mlirbc");
        Launcher.run("bake", template, model, "--dtype", dtype, "-o", baked);
        assertFunctionsReturnTheTensors(baked, dtype);
        Path again = folder.resolve("again.mlirbc");
        Iree.writeBytecode(baked, again); // MLIR's own writer, of what its reader found
        assertThat(baked).hasSameBinaryContentAs(again);
    }

    private Path exportConstants(String dtype) throws IOException {
        Path module = folder.resolve("constants.mlir");
        Launcher.export(model, module, dtype, "--format", "mlir-constants");
        return module;
    }

    private Path withoutData(Path constants) throws IOException {
        String text = Files.readString(constants);
        return Files.writeString(folder.resolve("declared.mlir"), text.substring(0, text.lastIndexOf("\n{-#")));
    }

    private void assertFunctionsReturnTheTensors(Path module, String dtype) throws IOException {
        Path compiled = folder.resolve("constants.vmfb");
        Iree.compile(module, compiled);
        Path elements = elements(dtype);
        List<String> names = names();
        for (int i = 0; i < names.size(); i++) {
            Path out = folder.resolve(i + ".bin");
            Iree.run(compiled, names.get(i), out);
            assertThat(out).as(names.get(i)).hasSameBinaryContentAs(elements.resolve(i + ".bin"));
        }
    }

    private Path elements(String dtype) throws IOException {
        Path elements = Files.createDirectory(folder.resolve("elements"));
        Iree.script("write_elements.py", model, dtype, elements);
        return elements;
    }

    private List<String> names() throws IOException {
        try (GgufFile file = GgufFile.open(model)) {
            return file.tensors().stream().map(TensorInfo::name).toList();
        }
    }
}
