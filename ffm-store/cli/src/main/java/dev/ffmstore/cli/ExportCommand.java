package dev.ffmstore.cli;

import dev.ffmstore.Model;
import dev.ffmstore.Names;
import dev.ffmstore.TensorForm;
import dev.ffmstore.TensorSource;
import dev.ffmstore.cli.report.ExportFacts;
import dev.ffmstore.export.ExportOptions;
import dev.ffmstore.export.ExportReport;
import dev.ffmstore.export.Exporter;
import dev.ffmstore.export.FileLayout;
import dev.ffmstore.export.NamedLayout;
import dev.ffmstore.export.Part;
import dev.ffmstore.formats.HfSidecars;
import dev.ffmstore.formats.Irpa;
import dev.ffmstore.formats.Npy;
import dev.ffmstore.formats.Safetensors;
import dev.ffmstore.formats.Splats;
import dev.ffmstore.internal.text.Printable;
import dev.ffmstore.mlir.MlirConstants;
import dev.ffmstore.mlir.MlirParameters;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/// `export`: writes the dense tensors of a file in another format, without loading them.
@Command(
        name = "export",
        description = "Writes the dense tensors of a file as constants for other tools, without loading them: an IREE"
                + " parameter archive, safetensors, NPY files or MLIR text.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        footerHeading = "%nExamples:%n",
        footer = {
            "  ffm-store export model.gguf -o model.irpa",
            "  ffm-store export --dtype BF16 --names hf model.gguf -o model.safetensors",
            "  ffm-store export --shard-size 5GB --format safetensors model.gguf -o folder",
            "  ffm-store export --include 'blk.0.*' model.gguf -o folder/     NPY files",
            "  ffm-store export --part 1/3 model.gguf -o model.irpa           and 2/3, 3/3 elsewhere",
            "  ffm-store export --format irpa model.gguf -o - | sha256sum",
            "  ffm-store export https://host/model.gguf -o out.safetensors    from where it lies"
        })
final class ExportCommand extends FileCommand {
    private static final String STANDARD_OUTPUT = "-";

    @Mixin
    private TensorChoice tensors;

    @Mixin
    private DenseForm form;

    @Mixin
    private ScaleChoice scales;

    @Mixin
    private EffortOptions effort;

    @Option(
            names = {"-o", "--output"},
            required = true,
            paramLabel = "OUT",
            description = "the file or folder to write; - is standard output")
    private String out = "";

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            completionCandidates = ExportFormat.Words.class,
            description = "irpa, safetensors, npy (a folder), mlir-params or mlir-constants; by default what OUT's"
                    + " suffix says: .irpa, .safetensors, / for npy")
    private @Nullable String format;

    @Option(
            names = "--shard-size",
            paramLabel = "SIZE",
            description = "safetensors: write a folder of files of at most this size, such as 5GB or 500MiB, and an"
                    + " index")
    private @Nullable String shardSize;

    @Option(names = "--splat", description = "irpa: store a tensor all of whose elements are the same as one element")
    private boolean splat;

    @Option(
            names = "--scope",
            paramLabel = "NAME",
            description = "mlir-params: the name under which IREE is given the parameters; by default model")
    private @Nullable String scope;

    @Option(
            names = "--part",
            paramLabel = "K/N",
            description = "write only the K-th of N byte ranges of the file, in place; the file is complete when all N"
                    + " are written, in any order, by any machines")
    private @Nullable String part;

    @Mixin
    private Replacement replacement;

    /// What is written: one file, and others beside it, or a folder.
    private sealed interface Output {
        record OneFile(FileLayout layout, List<NamedLayout> beside) implements Output {
            OneFile(FileLayout layout) {
                this(layout, List.of());
            }
        }

        record Folder(List<NamedLayout> files) implements Output {}
    }

    @Override
    void execute(Model model) throws IOException {
        ExportFormat chosen = chosenFormat();
        Optional<Part> chosenPart = chosenPart();
        OptionalLong shardBytes = shardBytes();
        checkOptions(chosen, chosenPart, shardBytes);
        if (!out.equals(STANDARD_OUTPUT)) {
            requireOther("--output", Path.of(out), file);
            requireOther("--output", Path.of(out), model);
        }

        TensorForm wanted = scales.apply(form.apply(TensorForm.dense(), model)).filter(tensors.filter(model));
        TensorSource source = TensorSource.of(model, wanted, effort.effort().decoder());
        ExportOptions exportOptions =
                ExportOptions.defaults().threads(effort.effort().threads()).replace(replacement.isAllowed());
        long start = System.nanoTime();
        Splats splats = splat ? Splats.find(source, exportOptions) : Splats.none();
        Output output = output(chosen, source, splats, shardBytes, configuration(model, wanted, chosen));
        double prepared = (System.nanoTime() - start) / 1e9;
        ExportReport written;
        try (Progress progress = new Progress("exporting", !json);
                OrderlyEnd _ = new OrderlyEnd()) {
            written = write(new Exporter(exportOptions.progress(progress)), output, chosenPart);
        }
        print(ExportFacts.of(
                source.plan(),
                out,
                chosen.word(),
                new ExportReport(written.files(), written.bytes(), prepared + written.seconds(), written.threads()),
                source.decoders().toString(),
                splat ? OptionalInt.of(splats.count()) : OptionalInt.empty(),
                chosenPart));
    }

    /// Returns the files that Hugging Face's readers expect beside weights under their names.
    private List<NamedLayout> configuration(Model model, TensorForm form, ExportFormat chosen) throws IOException {
        return chosen == ExportFormat.SAFETENSORS
                        && model.format() == Model.Format.GGUF
                        && form.names().convention().equals(Names.hf().convention())
                ? HfSidecars.of(model, form, this::warn)
                : List.of();
    }

    private void warn(String warning) {
        spec.commandLine().getErr().println("ffm-store: warning: " + warning);
    }

    private Output output(
            ExportFormat chosen,
            TensorSource source,
            Splats splats,
            OptionalLong shardBytes,
            List<NamedLayout> configuration)
            throws IOException {
        try {
            return switch (chosen) {
                case IRPA -> new Output.OneFile(Irpa.layout(source, splats));
                case SAFETENSORS -> {
                    Safetensors.requireNamesIreeReads(source);
                    yield shardBytes.isPresent()
                            ? new Output.Folder(
                                    withIndexLast(Safetensors.shards(source, shardBytes.getAsLong()), configuration))
                            : new Output.OneFile(Safetensors.layout(source), configuration);
                }
                case NPY -> new Output.Folder(Npy.layouts(source));
                case MLIR_PARAMS -> new Output.OneFile(MlirParameters.layout(source, scope == null ? "model" : scope));
                case MLIR_CONSTANTS -> new Output.OneFile(MlirConstants.layout(source));
            };
        } catch (IllegalArgumentException e) { // the model holds what the format does not
            throw new FileSystemException(file.name(), null, e.getMessage());
        }
    }

    private static List<NamedLayout> withIndexLast(List<NamedLayout> shards, List<NamedLayout> configuration) {
        List<NamedLayout> files = new ArrayList<>(shards);
        files.addAll(shards.size() - 1, configuration);
        return files;
    }

    private ExportReport write(Exporter exporter, Output output, Optional<Part> chosenPart) throws IOException {
        return switch (output) {
            case Output.OneFile file when out.equals(STANDARD_OUTPUT) -> stream(exporter, file.layout());
            case Output.OneFile file
            when chosenPart.isPresent() ->
                exporter.writePart(Path.of(out), file.layout(), file.beside(), chosenPart.get());
            case Output.OneFile file -> {
                requireFree();
                yield exporter.write(Path.of(out), file.layout(), file.beside());
            }
            case Output.Folder folder -> {
                requireFree();
                yield exporter.writeFolder(Path.of(out), folder.files());
            }
        };
    }

    /// Checks the target before anything is written; the exporter checks again, but does not know the option's
    /// name.
    private void requireFree() throws FileSystemException {
        if (!replacement.isAllowed() && Files.exists(Path.of(out), LinkOption.NOFOLLOW_LINKS)) {
            throw new FileSystemException(out, null, "is there already; --force replaces it");
        }
    }

    @SuppressWarnings("resource") // standard output stays open
    private static ExportReport stream(Exporter exporter, FileLayout layout) throws IOException {
        FileChannel standardOutput = new FileOutputStream(FileDescriptor.out).getChannel();
        try {
            return exporter.stream(standardOutput, StandardOutput.NAME, layout);
        } catch (FileSystemException e) {
            if (e.getCause() instanceof IOException cause && StandardOutput.isReaderGone(cause)) {
                throw new StandardOutput.LostException();
            }
            throw e;
        }
    }

    private void print(ExportFacts facts) throws IOException {
        if (out.equals(STANDARD_OUTPUT)) {
            facts.print(spec.commandLine().getErr());
        } else if (json) {
            printJson(facts::writeJson);
        } else {
            facts.print(out());
        }
    }

    private ExportFormat chosenFormat() {
        if (format != null) {
            return ExportFormat.of(format)
                    .orElseThrow(() ->
                            wrong("--format: expected one of " + ExportFormat.words() + ", got " + shown(format)));
        }
        if (shardSize != null) {
            return ExportFormat.SAFETENSORS;
        }
        return ExportFormat.guess(out)
                .orElseThrow(() ->
                        wrong("--format is missing: " + shown(out) + " does not say which of " + ExportFormat.words()));
    }

    private Optional<Part> chosenPart() {
        try {
            return Optional.ofNullable(part).map(Part::parse);
        } catch (IllegalArgumentException e) {
            throw wrong("--" + Printable.escape(e.getMessage(), 200));
        }
    }

    private OptionalLong shardBytes() {
        try {
            return shardSize == null ? OptionalLong.empty() : OptionalLong.of(ByteCount.parse(shardSize));
        } catch (IllegalArgumentException e) {
            throw wrong("--shard-size: " + Printable.escape(e.getMessage(), 200));
        }
    }

    private void checkOptions(ExportFormat chosen, Optional<Part> chosenPart, OptionalLong shardBytes) {
        boolean folder = chosen == ExportFormat.NPY || shardBytes.isPresent();
        boolean stream = out.equals(STANDARD_OUTPUT);
        require(chosen == ExportFormat.SAFETENSORS || shardBytes.isEmpty(), "--shard-size is for safetensors");
        require(chosen == ExportFormat.IRPA || !splat, "--splat is for irpa");
        require(chosen == ExportFormat.MLIR_PARAMS || scope == null, "--scope is for mlir-params");
        require(!folder || chosenPart.isEmpty(), "--part is for a single file, and this export is a folder");
        require(!folder || !stream, "standard output takes a single file, and this export is a folder");
        require(folder || !out.endsWith("/"), shown(out) + " is a folder, and this export is a single file");
        require(!stream || chosenPart.isEmpty(), "--part is not for standard output");
        require(!stream || !json, "--json: standard output is taken by the export");
        require(chosenPart.isEmpty() || !replacement.isAllowed(), "--force is not for --part, which writes in place");
    }

    private void require(boolean fits, String problem) {
        if (!fits) {
            throw wrong(problem);
        }
    }

    private static String shown(String text) {
        return Printable.escape(text, 1000);
    }

    private ParameterException wrong(String problem) {
        return new ParameterException(spec.commandLine(), problem);
    }
}
