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
import java.util.function.Consumer;

/// The small files beside weights in Hugging Face's form, as far as the metadata of the model can fill them.
///
/// | file | what it holds |
/// |---|---|
/// | `config.json` | the configuration of the model's class in transformers |
/// | `generation_config.json` | the tokens at which texts start and end |
/// | `tokenizer.json`, `tokenizer_config.json` | the tokenizer, if metadata says all that it is made of |
/// | `tokenizer_vocabulary.json` | all that GGUF says of the tokenizer: tokens, scores, types, special tokens |
/// | `vocab.json`, `merges.txt` | the vocabulary of a byte-level BPE, as transformers' slow tokenizers have it |
/// | `chat_template.jinja` | the chat template |
public final class HfSidecars {
    private HfSidecars() {}

    /// {@return the layouts of the files}, as [#of(Model, TensorForm, Consumer)] makes them, without its warnings.
    ///
    /// @throws IOException as there
    /// @throws IllegalArgumentException if a pattern matches no tensor
    public static List<NamedLayout> of(Model model, TensorForm form) throws IOException {
        return of(model, form, _ -> {});
    }

    /// {@return the layouts of the files}
    ///
    /// The layouts hold copies: the model may be closed before they are written.
    ///
    /// @param model the model, a GGUF file of an architecture that [Names#hf()] knows
    /// @param form the form of the export, of which the filter and the types matter
    /// @param warnings takes a sentence about each file that is left out because metadata does not say what it
    /// holds
    /// @throws ModelException if the architecture is another, a metadata key that the configuration needs is
    /// missing, or `rope_freqs.weight`, unless it is filtered out, is nothing that transformers computes
    /// @throws IOException if a tensor of rotary factors cannot be read
    /// @throws IllegalArgumentException if a pattern matches no tensor
    public static List<NamedLayout> of(Model model, TensorForm form, Consumer<String> warnings) throws IOException {
        TensorPlan plan = TensorPlan.of(model, form.names(Names.gguf())); // of which the types matter
        List<NamedLayout> files = new ArrayList<>();
        files.add(file("config.json", HuggingFaceConfig.of(model, form, plan)));
        GenerationConfig.of(model.metadata()).ifPresent(text -> files.add(file("generation_config.json", text)));
        files.addAll(Tokenizer.files(model, warnings));
        files.addAll(Vocabulary.files(model.metadata()));
        return List.copyOf(files);
    }

    private static NamedLayout file(String name, String text) {
        return new NamedLayout(name, FileLayout.of(text.getBytes(StandardCharsets.UTF_8)));
    }
}
