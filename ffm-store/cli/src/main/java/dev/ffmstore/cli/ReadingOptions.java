package dev.ffmstore.cli;

import dev.ffmstore.Model;
import dev.ffmstore.ModelException;
import dev.ffmstore.StoredTensor;
import dev.ffmstore.gguf.GgufOptions;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/// The options that say how models are read: what a GGUF header may have, which shapes count, and where they are.
final class ReadingOptions {
    /// Which shapes tensors have.
    private enum Shapes {
        original,
        stored
    }

    @Spec(Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = {"--max-metadata-mib", "--max-metadata"},
            paramLabel = "MIB",
            description = "refuse a GGUF file whose header is larger than this many MiB; by default 256")
    private int maxMetadataMib = 256;

    @Option(
            names = "--max-keys",
            paramLabel = "COUNT",
            description = "refuse a GGUF file with more metadata keys than this; by default 65,536")
    private int maxKeys = GgufOptions.defaults().maxMetadataEntries();

    @Option(
            names = "--max-tensors",
            paramLabel = "COUNT",
            description = "refuse a GGUF file with more tensors than this; by default 1,048,576")
    private int maxTensors = GgufOptions.defaults().maxTensors();

    @Option(
            names = "--max-name-bytes",
            paramLabel = "BYTES",
            description = "refuse a GGUF file with a tensor name of more bytes than this, 65,535 at most; by default"
                    + " 1,024")
    private int maxNameBytes = GgufOptions.defaults().maxNameBytes();

    @Option(
            names = "--shapes",
            paramLabel = "KIND",
            description = "which shapes tensors have: original, those that GGUF metadata remembers"
                    + " (comfy.gguf.orig_shape), or stored, those in the file; by default original")
    private Shapes shapes = Shapes.original;

    @Option(
            names = "--shapes-from",
            paramLabel = "MODEL",
            converter = ModelArgument.Converter.class,
            description = "the model that an .irpa archive was made from, which has the types and shapes that the"
                    + " archive lacks; tensors of other names or sizes stay rows of bytes")
    private @Nullable ModelArgument shapesFrom;

    /// {@return an open model; the caller closes it}
    Model open(ModelArgument argument) throws IOException {
        Model model = shaped(argument.open(limits()));
        if (shapesFrom == null || model.tensors().stream().allMatch(StoredTensor::isTyped)) {
            return model;
        }
        try (Model types = shaped(shapesFrom.open(limits()))) {
            return typed(model, types);
        } catch (IOException | RuntimeException failure) {
            try (model) {
                throw failure;
            }
        }
    }

    private static Model typed(Model model, Model types) throws ModelException {
        Model typed = model.typedBy(types);
        if (typed.tensors().stream().noneMatch(StoredTensor::isTyped)) {
            throw ModelException.of(
                    model.name(), "no tensor has the name and the size of one of --shapes-from: {}", types.name());
        }
        return typed;
    }

    /// {@return an open GGUF file, without the other parts if it is a part; the caller closes it}
    Model openPart(ModelArgument argument) throws IOException {
        return shaped(argument.openPart(limits()));
    }

    private Model shaped(Model model) {
        return shapes == Shapes.original ? model : model.withStoredShapes();
    }

    private GgufOptions limits() {
        try {
            return new GgufOptions((long) maxMetadataMib << 20, maxKeys, maxTensors, maxNameBytes);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--max-metadata-mib, --max-keys, --max-tensors and --max-name-bytes: " + e.getMessage());
        }
    }
}
