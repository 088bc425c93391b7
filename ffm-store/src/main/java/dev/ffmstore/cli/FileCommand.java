package dev.ffmstore.cli;

import dev.ffmstore.gguf.GgufFile;
import java.nio.file.Path;
import picocli.CommandLine.Parameters;

/// A command about a file.
abstract class FileCommand extends ReportingCommand {
    @Parameters(paramLabel = "FILE", description = "the GGUF file")
    Path path;

    @Override
    final String subject() {
        return path.toString();
    }

    @Override
    final void execute() throws Exception {
        try (GgufFile file = GgufFile.open(path)) {
            execute(file);
        }
    }

    /// Does the command's work on the open file.
    abstract void execute(GgufFile file) throws Exception;
}
