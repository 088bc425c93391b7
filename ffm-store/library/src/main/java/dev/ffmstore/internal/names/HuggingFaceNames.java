package dev.ffmstore.internal.names;

import dev.ffmstore.gguf.MetadataValue;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;

/// The names and layouts of Hugging Face's transformers: the inverse of what llama.cpp's converters do. What that
/// is stands in a table for each architecture; see [ArchitectureTable].
public final class HuggingFaceNames implements NameTable {
    private static final String ARCHITECTURE = "general.architecture";

    /// The architectures that have a table, as GGUF calls them.
    private static final SortedSet<String> ARCHITECTURES = new TreeSet<>(List.of(
            "deepseek2",
            "falcon",
            "gemma",
            "gemma2",
            "gemma3",
            "gpt-oss",
            "granite",
            "lfm2",
            "llama",
            "mistral",
            "olmo2",
            "phi3",
            "qwen2",
            "qwen2moe",
            "qwen3",
            "qwen3moe",
            "stablelm",
            "starcoder2"));

    private static final Map<String, ArchitectureTable> TABLES = new ConcurrentHashMap<>();

    /// {@return the architecture of a model}
    ///
    /// @throws UnknownNameException if the names of the architecture are not known
    public static String architecture(Model model) throws UnknownNameException {
        if (!(model.metadata().find(ARCHITECTURE).orElse(null) instanceof MetadataValue.Text text)) {
            throw new UnknownNameException("the names of hf need the metadata key {}", ARCHITECTURE);
        }
        if (!ARCHITECTURES.contains(text.value())) {
            throw new UnknownNameException(
                    "no names of hf for the architecture {}: expected one of {}",
                    text.value(),
                    String.join(", ", ARCHITECTURES));
        }
        return text.value();
    }

    /// {@return whether a model's metadata say that it is a whole model of an architecture with a table}
    public static boolean knows(Model model) {
        return model.metadata().find(ARCHITECTURE).orElse(null) instanceof MetadataValue.Text text
                && ARCHITECTURES.contains(text.value())
                && (!(model.metadata().find("general.type").orElse(null) instanceof MetadataValue.Text type)
                        || type.value().equals("model"));
    }

    /// {@return whether the output matrix of a model is its token embedding}
    public static boolean isTied(Model model) {
        return !model.names().contains("output.weight");
    }

    @Override
    public Translation forModel(Model model) throws UnknownNameException {
        String architecture = architecture(model);
        return new ArchitectureTranslation(
                architecture, TABLES.computeIfAbsent(architecture, ArchitectureTable::read), model);
    }
}
