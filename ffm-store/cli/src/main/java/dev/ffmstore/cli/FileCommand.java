package dev.ffmstore.cli;

import dev.ffmstore.gguf.GgufFile;
import dev.ffmstore.gguf.Source;
import java.nio.file.Path;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// A command about a file.
abstract class FileCommand extends ReportingCommand {
    @Parameters(paramLabel = "FILE", description = "the GGUF file")
    Path path;

    @Mixin
    private MetadataLimit limit;

    @Override
    final String subject() {
        return path.toString();
    }

    @Override
    final void execute() throws Exception {
        try (GgufFile file = GgufFile.open(Source.of(path), limit.options())) {
            execute(file);
        }
    }

    /// Does the command's work on the open file.
    abstract void execute(GgufFile file) throws Exception;
}
