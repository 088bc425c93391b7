package dev.ffmstore.interop;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// The forward pass of a Llama over one prompt: in float64 with numpy, and in StableHLO, compiled and run by IREE,
/// with the weights that the command line exports.
///
/// Each is computed when it is first asked for. What is as large as the model is deleted as soon as it has been
/// used.
final class ForwardPass {
    /// Larger than any parameter, so that all are imported.
    private static final String IMPORT_ALL = "--iree-parameter-import-maximum-size=" + (1L << 40);

    private final Path model;
    private final String tokens;
    private final int length;
    private final Path folder;
    private final Map<Way, Result> results = new EnumMap<>(Way.class);
    private @Nullable Logits reference;

    /// @param model a GGUF file
    /// @param prompt token ids
    /// @param folder where files are made
    ForwardPass(Path model, List<Integer> prompt, Path folder) {
        this.model = model;
        this.tokens = prompt.stream().map(String::valueOf).collect(Collectors.joining(","));
        this.length = prompt.size();
        this.folder = folder;
    }

    /// A step of a way.
    ///
    /// @param name what was done
    /// @param measured the process that did it
    /// @param heapPeakBytes the peak of its Java heap, if it has one
    record Step(String name, Measured measured, OptionalLong heapPeakBytes) {}

    /// A way that was gone to its end.
    record Result(Way way, List<Step> steps, Logits logits) {}

    /// How the modules and the weights name the tensors and lay out the rotary pairs.
    enum Convention {
        GGUF("gguf"),
        HUGGING_FACE("hf");

        private final String word;

        Convention(String word) {
            this.word = word;
        }

        @Override
        public String toString() {
            return word;
        }
    }

    /// {@return the token ids with commas between}
    String tokens() {
        return tokens;
    }

    /// {@return the logits of numpy's float64 over gguf-py's weights}
    Logits reference() throws IOException {
        if (reference == null) {
            Path logits = folder.resolve("reference.npy");
            Iree.script("llama_reference.py", model, tokens, logits);
            reference = new Logits(logits);
        }
        return reference;
    }

    /// {@return the logits of numpy's float64 over a safetensors file with its config.json, as Hugging Face's}
    Logits referenceOfHuggingFace(Path export) throws IOException {
        Path logits = folder.resolve("hugging-face.npy");
        Iree.script("llama_reference.py", "--hf", export, tokens, logits);
        return new Logits(logits);
    }

    /// Exports, compiles and runs.
    Result go(Way way) throws IOException {
        Result known = results.get(way);
        if (known == null) {
            known = switch (way) {
                case IRPA -> withParameters(way, "model.irpa");
                case SAFETENSORS -> withParameters(way, "model.safetensors");
                case IMPORTED -> imported();
                case BAKED -> baked();
            };
            results.put(way, known);
        }
        return known;
    }

    /// {@return the module whose weights are parameters, compiled}
    Path compiledForParameters(Convention convention) throws IOException {
        Path compiled = folder.resolve("parameters-" + convention + ".vmfb");
        if (!Files.exists(compiled)) {
            Iree.compile(written("parameters", convention), compiled);
        }
        return compiled;
    }

    /// {@return the logits with the weights of a parameter file}
    Logits run(Path compiled, Path parameters) throws IOException {
        Path logits = folder.resolve("logits-" + parameters.getFileName() + ".npy");
        step(compiled, logits, "--parameters=model=" + parameters);
        return new Logits(logits);
    }

    private Result withParameters(Way way, String fileName) throws IOException {
        Path parameters = folder.resolve(fileName);
        Path compiled = folder.resolve(way.name() + ".vmfb");
        Path logits = folder.resolve(way.name() + ".npy");
        Step export = export(parameters);
        Step compile = compile(written("parameters", Convention.GGUF), compiled);
        Step run = step(compiled, logits, "--parameters=model=" + parameters);
        Files.delete(parameters);
        return new Result(way, List.of(export, compile, run), new Logits(logits));
    }

    private Result imported() throws IOException {
        Path parameters = folder.resolve("imported.irpa");
        Path compiled = folder.resolve("imported.vmfb");
        Path logits = folder.resolve("imported.npy");
        Step export = export(parameters);
        Step compile = compile(
                written("parameters", Convention.GGUF),
                compiled,
                "--iree-parameter-import=model=" + parameters,
                IMPORT_ALL);
        Files.delete(parameters);
        Step run = step(compiled, logits);
        Files.delete(compiled);
        return new Result(Way.IMPORTED, List.of(export, compile, run), new Logits(logits));
    }

    private Result baked() throws IOException {
        Path template = folder.resolve("template.mlirbc");
        Path module = folder.resolve("baked.mlirbc");
        Path compiled = folder.resolve("baked.vmfb");
        Path logits = folder.resolve("baked.npy");
        Iree.writeBytecode(written("resources", Convention.GGUF), template);
        Step bake = step("bake", Launcher.run("bake", template, model, "-o", module));
        Step compile = compile(module, compiled);
        Files.delete(module);
        Step run = step(compiled, logits);
        Files.delete(compiled);
        return new Result(Way.BAKED, List.of(bake, compile, run), new Logits(logits));
    }

    /// {@return a StableHLO module of the forward pass, without the weights}
    private Path written(String weights, Convention convention) throws IOException {
        Path module = folder.resolve(weights + "-" + convention + ".mlir");
        if (!Files.exists(module)) {
            Iree.script("llama_stablehlo.py", model, length, module, weights, convention);
        }
        return module;
    }

    private Step export(Path out) throws IOException {
        return step("export", Launcher.run("export", model, "-o", out));
    }

    private static Step compile(Path module, Path compiled, String... options) throws IOException {
        return new Step("compile", Iree.compile(module, compiled, options), OptionalLong.empty());
    }

    private Step step(Path compiled, Path logits, String... options) throws IOException {
        String[] all = new String[options.length + 1];
        all[0] = "--input=" + length + "xi32=" + tokens;
        System.arraycopy(options, 0, all, 1, options.length);
        return new Step("run", Iree.run(compiled, "forward", logits, all), OptionalLong.empty());
    }

    private static Step step(String name, Launcher.Report report) {
        return new Step(name, report.measured(), OptionalLong.of(report.heapPeakBytes()));
    }

    /// {@return the steps of ways as a Markdown table}
    static String table(List<Result> results) {
        StringBuilder table = new StringBuilder("""
                | weights | step | time | peak heap | peak RSS |
                |---|---|---|---|---|
                """);
        for (Result result : results) {
            for (Step step : result.steps()) {
                String heap = step.heapPeakBytes().isPresent()
                        ? "%.0f MiB".formatted(step.heapPeakBytes().getAsLong() / 0x1p20)
                        : "–";
                table.append("| %s | %s | %.1f s | %s | %,.0f MiB |%n"
                        .formatted(
                                result.way(),
                                step.name(),
                                step.measured().seconds(),
                                heap,
                                step.measured().peakRssBytes() / 0x1p20));
            }
        }
        return table.toString();
    }
}
