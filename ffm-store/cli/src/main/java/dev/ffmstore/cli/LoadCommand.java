package dev.ffmstore.cli;

import dev.ffmstore.LoadOptions;
import dev.ffmstore.TensorStore;
import dev.ffmstore.gguf.GgufFile;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `load`: loads a file and reports what that took.
@Command(
        name = "load",
        description = "Loads a file into off-heap memory, then reports time, throughput and memory.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        footerHeading = "%nExamples:%n",
        footer = {
            "  ffm-store load model.gguf",
            "  ffm-store load --threads 2 --decoder scalar model.gguf",
            "  ffm-store load --dtype BF16 --dtype '*norm*=F32' model.gguf",
            "  ffm-store load --json --include 'blk.0.*' model.gguf | jq .gigabytesPerSecond",
            "  FFM_STORE_OPTS=-Xmx16m ffm-store load model.gguf"
        })
final class LoadCommand extends FileCommand {
    @Mixin
    private TensorChoice tensors;

    @Mixin
    private DenseForm form;

    @Mixin
    private Effort effort;

    @Option(names = "--ignore-memory", description = "load even if the memory available seems too little")
    private boolean ignoreMemory;

    @Option(
            names = "--apply-scales",
            negatable = true,
            description = "multiply NVFP4 tensors by their companion scales, where the file has any; without this they"
                    + " keep ggml's values")
    private boolean applyScales;

    @Override
    void execute(GgufFile file) throws IOException {
        LoadOptions options = form.apply(effort.options(), file)
                .filter(tensors.filter(file))
                .memoryCheck(!ignoreMemory)
                .applyScales(applyScales);
        try (TensorStore store = load(file, options, !json)) {
            LoadFacts facts = LoadFacts.of(file, store);
            if (json) {
                printJson(facts::writeJson);
            } else {
                facts.print(out());
            }
        }
    }

    /// Loads, with a progress bar if there is to be one.
    static TensorStore load(GgufFile file, LoadOptions options, boolean bar) throws IOException {
        try (Progress progress = new Progress("loading", bar)) {
            return TensorStore.load(file, options.progress(progress));
        }
    }
}
