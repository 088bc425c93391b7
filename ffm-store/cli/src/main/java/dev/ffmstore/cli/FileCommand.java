package dev.ffmstore.cli;

import dev.ffmstore.Model;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// A command about a model.
abstract class FileCommand extends ReportingCommand {
    @Parameters(
            paramLabel = "FILE",
            converter = ModelArgument.Converter.class,
            description =
                    "the model: a GGUF file, a safetensors file or the index of its shards, an .irpa archive, or a"
                            + " folder of .npy files; or the https: or http: URL of a single file, of which only what"
                            + " is needed is read")
    ModelArgument file;

    @Mixin
    private MetadataLimit limit;

    @Override
    final String subject() {
        return file.name();
    }

    @Override
    final void execute() throws Exception {
        try (Model model = file.open(limit.options())) {
            execute(model);
        }
    }

    /// Does the command's work on the open model.
    abstract void execute(Model model) throws Exception;
}
