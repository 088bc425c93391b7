package dev.ffmstore.cli;

import dev.ffmstore.LoadOptions;
import dev.ffmstore.Model;
import dev.ffmstore.TensorForm;
import dev.ffmstore.TensorStore;
import dev.ffmstore.cli.demo.DemoCache;
import dev.ffmstore.cli.demo.DemoFile;
import dev.ffmstore.cli.demo.DemoModel;
import dev.ffmstore.cli.report.LoadFacts;
import dev.ffmstore.cli.report.Sizes;
import dev.ffmstore.internal.memory.MemoryBudget;
import dev.ffmstore.internal.text.Printable;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/// `demo`: makes a model with the shape of a real one, once, and loads it as `load` does.
@Command(
        name = "demo",
        description = {
            "Writes a model of TinyLlama-1.1B's shape (Q4_K_M, 668 MB) into the user's cache folder, once, loads it and"
                    + " reports as load does.",
            "Its weights are synthetic: random, from a fixed seed. Where disk or memory is short, it has fewer layers."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        footerHeading = "%nExamples:%n",
        footer = {"  ffm-store demo", "  ffm-store demo --json --threads 1", "  ffm-store demo --cache-dir /var/tmp"})
final class DemoCommand extends ReportingCommand {
    /// How much room the disk is left with at least, less the header of the file.
    private static final long DISK_RESERVE_BYTES = 64L << 20;

    /// How much less memory there may be once the model has been written: the JVM grows meanwhile.
    private static final long MEMORY_RESERVE_BYTES = 128L << 20;

    @Mixin
    private EffortOptions effort;

    @Option(names = "--layers", paramLabel = "N", description = "how many layers, 1 to 22; by default as many as fit")
    private int wantedLayers = DemoModel.LAYERS;

    @Option(names = "--cache-dir", paramLabel = "DIR", description = "where the model is kept")
    private Path cache = DemoCache.folder();

    @Option(
            names = "--parts",
            paramLabel = "N",
            description = "write the model as a split GGUF of this many files, 1 to 100; by default 1")
    private int parts = 1;

    private Path path = cache;

    @Override
    String subject() {
        return path.toString();
    }

    @Override
    void execute() throws Exception {
        if (wantedLayers < 1 || wantedLayers > DemoModel.LAYERS) {
            throw new ParameterException(
                    spec.commandLine(), "--layers: expected 1 to " + DemoModel.LAYERS + ", got " + wantedLayers);
        }
        if (parts < 1 || parts > DemoModel.MOST_PARTS) {
            throw new ParameterException(
                    spec.commandLine(), "--parts: expected 1 to " + DemoModel.MOST_PARTS + ", got " + parts);
        }
        path = cache;
        Files.createDirectories(cache);
        LoadOptions options = LoadOptions.defaults().effort(effort.effort());
        DemoModel model = largestThatFits(options.threads());
        List<Path> files = files(model.layers());
        path = files.getFirst();
        boolean written = !DemoFile.isWritten(files, model);
        if (written) {
            write(files, model, options.threads());
        } else {
            say("using " + Printable.escape(path.toString()) + ", written before");
        }
        load(model, options, written);
    }

    /// Returns the model with the most layers that disk and memory allow, and says so if these are fewer than
    /// wanted.
    private DemoModel largestThatFits(int threads) throws IOException {
        Optional<MemoryBudget.Budget> memory = MemoryBudget.ofThisProcess();
        String shortage = shortage(wantedLayers, threads, memory);
        if (shortage.isEmpty()) {
            return new DemoModel(wantedLayers, parts);
        }
        for (int layers = wantedLayers - 1; layers > 0; layers--) {
            if (shortage(layers, threads, memory).isEmpty()) {
                say(shortage + ": taking " + layers + " of " + wantedLayers + " layers");
                return new DemoModel(layers, parts);
            }
        }
        throw new IOException("there is no room for even one layer: " + shortage(1, threads, memory));
    }

    /// Says what a model of this many layers lacks; empty if nothing.
    private String shortage(int layers, int threads, Optional<MemoryBudget.Budget> memory) throws IOException {
        DemoModel.Size size = DemoModel.Size.of(layers);
        String take = layers == 1 ? "1 layer takes " : layers + " layers take ";
        long peak = size.peakBytes(threads) + MEMORY_RESERVE_BYTES;
        if (memory.isPresent() && memory.get().availableBytes() < peak) {
            return "memory is short: " + take + Sizes.bytes(peak) + ", available are "
                    + Sizes.bytes(memory.get().availableBytes()) + " ("
                    + Printable.escape(memory.get().limit()) + ")";
        }
        long usable = Files.getFileStore(cache).getUsableSpace();
        if (usable - DISK_RESERVE_BYTES < size.blockBytes() && !isWritten(layers)) {
            return "disk is short: " + take + Sizes.bytes(size.blockBytes()) + ", usable are " + Sizes.bytes(usable);
        }
        return "";
    }

    private boolean isWritten(int layers) throws IOException {
        List<Path> files = files(layers);
        return Files.exists(files.getFirst()) && DemoFile.isWritten(files, new DemoModel(layers, parts));
    }

    private List<Path> files(int layers) {
        return DemoModel.fileNames(layers, parts).stream().map(cache::resolve).toList();
    }

    private void write(List<Path> files, DemoModel model, int threads) throws Exception {
        say("writing " + Printable.escape(path.toString()) + ", " + Sizes.bytes(model.fileSize()) + ", once");
        long start = System.nanoTime();
        try (Progress progress = new Progress("writing", !json)) {
            DemoFile.write(files, model, threads, progress);
        }
        say(String.format(Locale.ROOT, "written in %.1f s", (System.nanoTime() - start) / 1e9));
    }

    private void load(DemoModel model, LoadOptions options, boolean written) throws IOException {
        try (Model opened = Model.open(path);
                TensorStore store = LoadCommand.load(opened, TensorForm.dense(), options, !json)) {
            LoadFacts facts = LoadFacts.of(opened, store);
            if (json) {
                printJson(out -> {
                    facts.writeJson(out);
                    out.writeBooleanField("synthetic", true);
                    out.writeNumberField("layers", model.layers());
                    out.writeBooleanField("written", written);
                });
            } else {
                out().println();
                facts.print(out());
                out().println();
                out().println("The weights of this model are synthetic: it has TinyLlama-1.1B's shape, not its words.");
                out().println("For a real one: ffm-store load FILE.gguf");
            }
        }
    }

    /// Prints a sentence beside the report, and with JSON not on standard output.
    private void say(String sentence) {
        PrintWriter writer = json ? spec.commandLine().getErr() : out();
        writer.println(sentence);
        writer.flush();
    }
}
