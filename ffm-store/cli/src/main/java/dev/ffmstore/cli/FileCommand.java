package dev.ffmstore.cli;

import dev.ffmstore.Model;
import java.io.IOException;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// A command about a model.
abstract class FileCommand extends ReportingCommand {
    @Parameters(
            paramLabel = "FILE",
            converter = ModelArgument.Converter.class,
            description =
                    "the model: a GGUF file or any part of a split one, a safetensors file or the index of its shards, an"
                            + " .irpa archive, or a folder of .npy files; or the https: or http: URL of a single file or"
                            + " part, of which only what is needed is read")
    ModelArgument file;

    @Mixin
    private ReadingOptions reading;

    @Override
    final String subject() {
        return file.name();
    }

    @Override
    final void execute() throws Exception {
        try (Model model = open(reading, file)) {
            if (!showsWarnings()) {
                warn(model);
            }
            execute(model);
        }
    }

    /// {@return whether the command's own report has the warnings}
    boolean showsWarnings() {
        return false;
    }

    /// {@return the open model, which the caller closes}
    Model open(ReadingOptions options, ModelArgument argument) throws IOException {
        return options.open(argument);
    }

    /// Does the command's work on the open model.
    abstract void execute(Model model) throws Exception;
}
