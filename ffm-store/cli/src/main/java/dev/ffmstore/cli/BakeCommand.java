package dev.ffmstore.cli;

import dev.ffmstore.Model;
import dev.ffmstore.TensorForm;
import dev.ffmstore.TensorSource;
import dev.ffmstore.cli.report.BakeFacts;
import dev.ffmstore.export.ExportOptions;
import dev.ffmstore.export.ExportReport;
import dev.ffmstore.export.Exporter;
import dev.ffmstore.gguf.Source;
import dev.ffmstore.mlir.Bake;
import dev.ffmstore.mlir.DeclaredTypes;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `bake`: puts a model's tensors into a user's module.
@Command(
        name = "bake",
        description = {
            "Puts a model's tensors into a StableHLO module, as the data of those of its dense_resource constants that"
                    + " have none.",
            "",
            "A resource takes the tensor of its name, which must have the type that the module declares. The module is"
                    + " MLIR text or MLIR bytecode, and comes out as the same."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        footerHeading = "%nExamples:%n",
        footer = {
            "  ffm-store bake forward.mlir model.gguf -o baked.mlir",
            "  ffm-store bake --names hf --dtype BF16 forward.mlirbc model.gguf -o baked.mlirbc",
            "  ffm-store bake --types types.txt forward.mlirbc model.gguf -o baked.mlirbc"
        })
final class BakeCommand extends ReportingCommand {
    @Parameters(index = "0", paramLabel = "MODULE", description = "the module, text or bytecode")
    private Path module;

    @Parameters(
            index = "1",
            paramLabel = "MODEL",
            converter = ModelArgument.Converter.class,
            description = "the model, a path or a URL, in any format that load reads")
    private ModelArgument model;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "OUT",
            required = true,
            description = "the file to write")
    private Path output;

    @Mixin
    private Replacement replacement;

    @Option(
            names = "--types",
            paramLabel = "FILE",
            description = "types of resources whose type the module does not tell: lines of a name and a type, such as"
                    + " tensor<4x4xf32>")
    private @Nullable Path types;

    @Mixin
    private DenseForm form;

    @Mixin
    private ScaleChoice scales;

    @Mixin
    private EffortOptions effort;

    @Mixin
    private ReadingOptions reading;

    /// The file that is being worked on, which a failure is about if it names no file.
    private @Nullable String current;

    @Override
    String subject() {
        return current == null ? module.toString() : current;
    }

    @Override
    void execute() throws Exception {
        requireOther("--output", output, model);
        DeclaredTypes declared = declaredTypes();
        current = model.name();
        try (Model opened = reading.open(model)) {
            requireOther("--output", output, opened);
            warn(opened);
            TensorForm wanted = scales.apply(form.apply(TensorForm.dense(), opened));
            TensorSource source =
                    TensorSource.of(opened, wanted, effort.effort().decoder());
            current = module.toString();
            try (Source text = Source.of(module)) {
                Bake bake = Bake.of(text, source, declared);
                current = output.toString();
                ExportReport report = write(bake, effort.effort().threads());
                print(BakeFacts.of(
                        module.toString(),
                        source.plan(),
                        output.toString(),
                        bake,
                        report,
                        source.decoders().toString()));
            }
        }
    }

    private void print(BakeFacts facts) throws IOException {
        if (json) {
            printJson(facts::writeJson);
        } else {
            facts.print(out());
        }
    }

    private DeclaredTypes declaredTypes() throws IOException {
        if (types == null) {
            return DeclaredTypes.none();
        }
        current = types.toString();
        try (Source source = Source.of(types)) {
            return DeclaredTypes.read(source);
        }
    }

    private ExportReport write(Bake bake, int threads) throws IOException {
        try (Progress progress = new Progress("baking", !json);
                OrderlyEnd _ = new OrderlyEnd()) {
            ExportOptions options =
                    ExportOptions.defaults().threads(threads).progress(progress).replace(replacement.isAllowed());
            return new Exporter(options).write(output, bake.layout());
        }
    }
}
