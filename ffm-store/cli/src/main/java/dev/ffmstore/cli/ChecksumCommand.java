package dev.ffmstore.cli;

import dev.ffmstore.Model;
import dev.ffmstore.TensorForm;
import dev.ffmstore.TensorSlot;
import dev.ffmstore.TensorSource;
import dev.ffmstore.internal.measure.TensorDigests;
import dev.ffmstore.internal.text.Printable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// `checksum`: prints the SHA-256 of each tensor's dense bytes, in little memory.
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
    private EffortOptions effort;

    /// A line of the result.
    private record Line(String name, String sha256) {}

    @Override
    void execute(Model model) throws IOException {
        TensorForm form = TensorForm.dense().filter(tensors.filter(model)).scales(TensorForm.Scales.LEFT);
        TensorSource source = TensorSource.of(model, form, effort.effort().decoder());
        List<Line> lines = new ArrayList<>();
        try (Progress progress = new Progress("digesting", !json)) {
            TensorDigests.run(source, source.tensors(), effort.effort().threads(), new TensorDigests.Listener() {
                @Override
                public void digest(TensorSlot tensor, String sha256) {
                    if (json) {
                        lines.add(new Line(tensor.name(), sha256));
                    } else {
                        out().println(sha256 + "  " + Printable.escape(tensor.name()));
                    }
                }

                @Override
                public void progress(long doneBytes) throws IOException {
                    if (out().checkError()) { // flushes
                        throw new StandardOutput.LostException();
                    }
                    progress.progress(doneBytes, source.plan().denseBytes());
                }
            });
        }
        source.checkUnchanged();
        if (json) {
            print(model.name(), lines);
        }
    }

    private void print(String file, List<Line> lines) throws IOException {
        printJson(out -> {
            out.writeStringField("file", file);
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
