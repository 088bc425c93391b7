package dev.ffmstore.cli;

import dev.ffmstore.DType;
import dev.ffmstore.DTypes;
import dev.ffmstore.Model;
import dev.ffmstore.Names;
import dev.ffmstore.StoredTensor;
import dev.ffmstore.TensorForm;
import dev.ffmstore.internal.text.Printable;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/// The options that say in which form tensors become dense.
final class DenseForm {
    @Spec(Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--dtype",
            paramLabel = "[GLOB=]TYPE",
            description = "what floats become: F32, the default, F16, BF16, or stored, what they are in the model; of"
                    + " all tensors, or of those whose names in the model match. May be repeated, the last that"
                    + " matches decides")
    private List<String> dtypes = new ArrayList<>();

    @Option(
            names = "--names",
            paramLabel = "TABLE",
            completionCandidates = Conventions.class,
            description = "names and layouts: gguf, the default, as in the model; hf, those of Hugging Face; or a file"
                    + " of lines STORED = NEW")
    private String names = "gguf";

    /// {@return a form with the types and names that the options ask for}
    ///
    /// @param form the rest of the form
    /// @param model the model
    /// @throws ParameterException if a type or pattern is malformed, a pattern matches no tensor of the model, or a
    /// table of names cannot be read
    TensorForm apply(TensorForm form, Model model) {
        DTypes types = DTypes.dense();
        for (String rule : dtypes) {
            int equals = rule.lastIndexOf('=');
            types = with(types, equals < 0 ? "*" : rule.substring(0, equals), rule.substring(equals + 1));
        }
        try {
            types.over(model.tensors().stream().map(StoredTensor::name).toList());
        } catch (IllegalArgumentException e) {
            throw wrong("--dtype", e.getMessage(), e);
        }
        return form.dtypes(types).names(names());
    }

    private DTypes with(DTypes types, String glob, String type) {
        try {
            return switch (type.toLowerCase(Locale.ROOT)) {
                case "f32" -> types.with(glob, DType.F32);
                case "f16" -> types.with(glob, DType.F16);
                case "bf16" -> types.with(glob, DType.BF16);
                case "stored" -> types.withStored(glob);
                default ->
                    throw new IllegalArgumentException(
                            "expected F32, F16, BF16 or stored, got " + Printable.escape(type, 100));
            };
        } catch (IllegalArgumentException e) {
            throw wrong("--dtype", e.getMessage(), e);
        }
    }

    private Names names() {
        try {
            return switch (names) {
                case "gguf" -> Names.gguf();
                case "hf" -> Names.hf();
                default -> Names.read(Path.of(names));
            };
        } catch (NoSuchFileException | InvalidPathException e) {
            throw wrong("--names", "expected gguf, hf or a file, got " + Printable.escape(names, 1000), e);
        } catch (IOException | IllegalArgumentException e) {
            throw wrong("--names", e.getMessage(), e);
        }
    }

    private ParameterException wrong(String option, String problem, Exception cause) {
        return new ParameterException(spec.commandLine(), option + ": " + problem, cause);
    }

    static final class Conventions implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return List.of("gguf", "hf").iterator();
        }
    }
}
