package dev.ffmstore.cli;

import dev.ffmstore.LoadOptions;
import dev.ffmstore.LoadPlan;
import dev.ffmstore.ggml.BlockDecoders;
import dev.ffmstore.gguf.GgufFile;
import dev.ffmstore.internal.measure.TensorDigests;
import dev.ffmstore.internal.text.Printable;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// `checksum`: the SHA-256 of each tensor's dense bytes, in little memory.
@Command(
        name = "checksum",
        description = "Prints the SHA-256 of each tensor's dense little-endian bytes, a line each, in the order of the"
                + " file.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        footerHeading = "%nExamples:%n",
        footer = {
            "  ffm-store checksum model.gguf > sums.txt",
            "  ffm-store checksum --decoder scalar model.gguf | diff sums.txt -",
            "  ffm-store checksum --include '*norm*' model.gguf"
        })
final class ChecksumCommand extends FileCommand {
    @Mixin
    private TensorChoice tensors;

    @Mixin
    private Effort effort;

    /// A line of the result.
    private record Line(String name, String sha256) {}

    @Override
    void execute(GgufFile file) throws Exception {
        LoadOptions options = effort.options().filter(tensors.filter(file)).applyScales(false);
        LoadPlan plan = LoadPlan.of(file, options);
        BlockDecoders decoders = options.decoder().decoders(plan.denseBytes());
        List<Line> lines = new ArrayList<>();
        try (Progress progress = new Progress("digesting", !json)) {
            TensorDigests.run(plan, file.source(), decoders, options.threads(), new TensorDigests.Listener() {
                @Override
                public void digest(LoadPlan.Slot slot, String sha256) {
                    if (json) {
                        lines.add(new Line(slot.name(), sha256));
                    } else {
                        out().println(sha256 + "  " + Printable.escape(slot.name()));
                    }
                }

                @Override
                public void progress(long doneBytes) {
                    if (out().checkError()) { // flushes
                        throw new UncheckedIOException(
                                new FileSystemException("standard output", null, "cannot be written"));
                    }
                    progress.progress(doneBytes, plan.denseBytes());
                }
            });
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        file.checkUnchanged();
        if (json) {
            print(file, lines);
        }
    }

    private void print(GgufFile file, List<Line> lines) throws Exception {
        printJson(out -> {
            out.writeStringField("file", file.name());
            out.writeArrayFieldStart("tensors");
            for (Line line : lines) {
                out.writeStartObject();
                out.writeStringField("name", line.name());
                out.writeStringField("sha256", line.sha256());
                out.writeEndObject();
            }
            out.writeEndArray();
        });
    }
}
