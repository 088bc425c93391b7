package dev.ffmstore.formats;

import dev.ffmstore.Model;
import dev.ffmstore.ModelException;
import dev.ffmstore.Names;
import dev.ffmstore.TensorForm;
import dev.ffmstore.TensorPlan;
import dev.ffmstore.export.FileLayout;
import dev.ffmstore.export.NamedLayout;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// The small files beside weights in Hugging Face's form, as far as the metadata of the model can fill them.
///
/// | file | what it holds |
/// |---|---|
/// | `config.json` | the configuration of the model's class in transformers |
/// | `tokenizer_vocabulary.json` | all that GGUF says of the tokenizer: tokens, scores, types, special tokens |
/// | `vocab.json`, `merges.txt` | the vocabulary of a byte-level BPE, as transformers' slow tokenizers have it |
/// | `chat_template.jinja` | the chat template |
///
/// GGUF does not hold all that a tokenizer of transformers is made of (above all, how text is split first), so
/// there is no `tokenizer.json`: a user who wants to tokenize takes that of the original model.
public final class HfSidecars {
    private HfSidecars() {}

    /// {@return the layouts of the files}
    ///
    /// The layouts hold copies: the model may be closed before they are written.
    ///
    /// @param model the model, a GGUF file of an architecture that [Names#hf()] knows
    /// @param form the form of the export, of which the filter and the types matter
    /// @throws ModelException if the architecture is another, a metadata key that the configuration needs is
    /// missing, or `rope_freqs.weight`, unless it is filtered out, is nothing that transformers computes
    /// @throws IOException if `rope_freqs.weight` cannot be read
    /// @throws IllegalArgumentException if a pattern matches no tensor
    public static List<NamedLayout> of(Model model, TensorForm form) throws IOException {
        TensorPlan plan = TensorPlan.of(model, form.names(Names.gguf())); // of which the types matter
        byte[] config = HuggingFaceConfig.of(model, form, plan).getBytes(StandardCharsets.UTF_8);
        List<NamedLayout> files = new ArrayList<>();
        files.add(new NamedLayout("config.json", FileLayout.of(config)));
        files.addAll(Vocabulary.files(model.metadata()));
        return List.copyOf(files);
    }
}
