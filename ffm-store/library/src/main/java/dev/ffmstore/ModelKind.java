package dev.ffmstore;

import dev.ffmstore.gguf.Metadata;
import dev.ffmstore.gguf.MetadataValue;
import java.util.Locale;
import java.util.Optional;

/// Tells GGUF files that are not the weights of a language model from those that are.
final class ModelKind {
    private static final String TOKENS = "tokenizer.ggml.tokens";

    private ModelKind() {}

    /// {@return what a file is, if it is not a whole model, in a sentence}
    ///
    /// @param tensorCount the number of its tensors
    static Optional<String> of(Metadata metadata, int tensorCount) {
        String type = text(metadata, "general.type");
        String architecture = text(metadata, "general.architecture");
        if (type.equals("adapter")) {
            boolean isLora = text(metadata, "adapter.type").equals("lora");
            return Optional.of("this is " + (isLora ? "a LoRA adapter" : "an adapter")
                    + ", not a model: its tensors are to be combined with those of a base model");
        }
        if (type.equals("imatrix")) {
            return Optional.of("this is an importance matrix (imatrix), not a model: statistics for quantising one");
        }
        if (architecture.equals("controlvector")) {
            return Optional.of("this is a control vector, not a model: directions that are added to activations");
        }
        if (type.equals("mmproj") || architecture.equals("clip")) {
            return Optional.of("this is a multimodal projector (mmproj), not a language model: it goes with one");
        }
        if (tensorCount == 0 && metadata.contains(TOKENS)) {
            return Optional.of("this is a vocabulary only: it has no tensors");
        }
        return Optional.empty();
    }

    private static String text(Metadata metadata, String key) {
        return metadata.find(key).orElse(null) instanceof MetadataValue.Text text
                ? text.value().toLowerCase(Locale.ROOT)
                : "";
    }
}
