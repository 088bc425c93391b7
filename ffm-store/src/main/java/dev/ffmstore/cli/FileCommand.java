package dev.ffmstore.cli;

import dev.ffmstore.gguf.GgufFile;
import dev.ffmstore.gguf.GgufOptions;
import dev.ffmstore.gguf.Source;
import java.nio.file.Path;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/// A command about a file.
abstract class FileCommand extends ReportingCommand {
    @Parameters(paramLabel = "FILE", description = "the GGUF file")
    Path path;

    @Option(
            names = "--max-metadata",
            paramLabel = "MIB",
            description = "refuse a file whose metadata is larger than this many MiB; by default 256")
    private int maxMetadataMib = 256;

    @Override
    final String subject() {
        return path.toString();
    }

    @Override
    final void execute() throws Exception {
        if (maxMetadataMib < 1) {
            throw new ParameterException(
                    spec.commandLine(), "--max-metadata: expected 1 or more, got " + maxMetadataMib);
        }
        GgufOptions limits = GgufOptions.defaults().withMaxMetadataBytes((long) maxMetadataMib << 20);
        try (GgufFile file = GgufFile.open(Source.of(path), limits)) {
            execute(file);
        }
    }

    /// Does the command's work on the open file.
    abstract void execute(GgufFile file) throws Exception;
}
