package dev.ffmstore.cli;

import dev.ffmstore.gguf.GgufOptions;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/// The option that says how much metadata a file may have.
final class MetadataLimit {
    @Spec(Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--max-metadata",
            paramLabel = "MIB",
            description = "refuse a GGUF file whose metadata is larger than this many MiB; by default 256")
    private int maxMetadataMib = 256;

    GgufOptions options() {
        if (maxMetadataMib < 1) {
            throw new ParameterException(
                    spec.commandLine(), "--max-metadata: expected 1 or more, got " + maxMetadataMib);
        }
        return GgufOptions.defaults().withMaxMetadataBytes((long) maxMetadataMib << 20);
    }
}
