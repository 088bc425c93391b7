package dev.ffmstore.cli;

import dev.ffmstore.Model;
import java.nio.file.Path;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// A command about a model.
abstract class FileCommand extends ReportingCommand {
    @Parameters(
            paramLabel = "FILE",
            description =
                    "the model: a GGUF file, a safetensors file or the index of its shards, an .irpa archive, or a"
                            + " folder of .npy files")
    Path path;

    @Mixin
    private MetadataLimit limit;

    @Override
    final String subject() {
        return path.toString();
    }

    @Override
    final void execute() throws Exception {
        try (Model model = Model.open(path, limit.options())) {
            execute(model);
        }
    }

    /// Does the command's work on the open model.
    abstract void execute(Model model) throws Exception;
}
