package dev.ffmstore.bench.ggml;

import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// Builds the libraries that the command `kernels` compares with, unless they exist.
@Command(
        name = "ggml",
        description =
                "Compile ggml's own decoders, once, and print where they are. Takes python3 with venv, pip and a C++"
                        + " compiler, and a minute each.")
public final class GgmlCommand implements Callable<Integer> {
    @Option(names = "--variant", description = "shipped or native (default: both).")
    private List<GgmlVariant> variants = List.of(GgmlVariant.values());

    @Spec
    private CommandSpec command = CommandSpec.create();

    @Override
    public Integer call() throws Exception {
        for (GgmlVariant variant : variants) {
            command.commandLine()
                    .getOut()
                    .println(variant.label() + ": " + GgmlBuild.of(variant).library());
        }
        return 0;
    }
}
