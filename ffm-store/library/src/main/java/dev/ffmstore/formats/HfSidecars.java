package dev.ffmstore.formats;

import dev.ffmstore.LoadOptions;
import dev.ffmstore.LoadPlan;
import dev.ffmstore.Names;
import dev.ffmstore.export.FileLayout;
import dev.ffmstore.export.NamedLayout;
import dev.ffmstore.gguf.GgufException;
import dev.ffmstore.gguf.GgufFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// The small files that go beside weights in Hugging Face's form, as far as the metadata of the model holds them.
///
/// | file | what it holds |
/// |---|---|
/// | `config.json` | the configuration of the model's class in transformers |
/// | `tokenizer_vocabulary.json` | all that GGUF says of the tokenizer: tokens, scores, types, special tokens |
/// | `vocab.json`, `merges.txt` | the vocabulary of a byte-level BPE, as transformers' slow tokenizers have it |
/// | `chat_template.jinja` | the chat template |
///
/// GGUF does not hold all that a tokenizer of transformers is made of (how text is split before it, above all), so
/// there is no `tokenizer.json`: a user who wants to tokenize takes that of the original model.
public final class HfSidecars {
    private HfSidecars() {}

    /// {@return the files}
    ///
    /// They hold copies: the model may be closed before they are written.
    ///
    /// @param file the model, of an architecture that [Names#hf()] knows
    /// @param options the options of the export: filter and types count here
    /// @throws GgufException if the architecture is another, a metadata key that the configuration needs is
    /// missing,
    /// or `rope_freqs.weight`, unless it is filtered out, is nothing that transformers computes
    /// @throws IOException if that tensor cannot be read
    /// @throws IllegalArgumentException if a pattern matches no tensor
    public static List<NamedLayout> of(GgufFile file, LoadOptions options) throws IOException {
        LoadPlan plan = LoadPlan.of(file, options.names(Names.hf()));
        byte[] config = HuggingFaceConfig.of(file, options, plan).getBytes(StandardCharsets.UTF_8);
        List<NamedLayout> files = new ArrayList<>();
        files.add(new NamedLayout(
                "config.json",
                FileLayout.builder().add(new FileLayout.Literal(config)).build()));
        files.addAll(Vocabulary.files(file.metadata()));
        return List.copyOf(files);
    }
}
