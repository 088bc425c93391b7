package dev.ffmstore.cli;

import dev.ffmstore.LoadOptions;
import dev.ffmstore.Model;
import dev.ffmstore.TensorForm;
import dev.ffmstore.TensorStore;
import dev.ffmstore.cli.report.LoadFacts;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `load`: loads a model and reports the time and memory that it took.
@Command(
        name = "load",
        description = "Loads a model into off-heap memory, then reports time, throughput and memory.",
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
    private ScaleChoice scales;

    @Mixin
    private EffortOptions effort;

    @Option(names = "--ignore-memory", description = "load even if the memory available seems too little")
    private boolean ignoreMemory;

    @Override
    void execute(Model model) throws IOException {
        TensorForm wanted = scales.apply(form.apply(TensorForm.dense(), model)).filter(tensors.filter(model));
        LoadOptions options = LoadOptions.defaults().effort(effort.effort()).memoryCheck(!ignoreMemory);
        try (TensorStore store = load(model, wanted, options, !json)) {
            LoadFacts facts = LoadFacts.of(model, store);
            if (json) {
                printJson(facts::writeJson);
            } else {
                facts.print(out());
            }
        }
    }

    /// Loads a model, with a progress bar if one is wanted.
    static TensorStore load(Model model, TensorForm form, LoadOptions options, boolean bar) throws IOException {
        try (Progress progress = new Progress("loading", bar)) {
            return TensorStore.load(model, form, options.progress(progress));
        }
    }
}
