package dev.ffmstore.formats;

import dev.ffmstore.gguf.Metadata;
import dev.ffmstore.gguf.MetadataValue;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/// The `generation_config.json` of a model: the tokens at which a text starts and ends.
///
/// ```text
/// tokenizer.ggml.bos_token_id                    bos_token_id
/// tokenizer.ggml.eos_, eot_, eom_token_id        eos_token_id      a list, if they are several
/// tokenizer.ggml.padding_token_id                pad_token_id
/// ```
final class GenerationConfig {
    private GenerationConfig() {}

    /// {@return the file; empty if the metadata says nothing of these tokens}
    static Optional<String> of(Metadata metadata) {
        Map<String, String> members = new LinkedHashMap<>();
        id(metadata, "bos").ifPresent(id -> members.put("bos_token_id", id));
        List<String> ends = Stream.of("eos", "eot", "eom")
                .flatMap(name -> id(metadata, name).stream())
                .distinct()
                .toList();
        if (!ends.isEmpty()) {
            members.put("eos_token_id", ends.size() == 1 ? ends.getFirst() : ends.toString());
        }
        id(metadata, "padding").ifPresent(id -> members.put("pad_token_id", id));
        return members.isEmpty() ? Optional.empty() : Optional.of(JsonText.object(members));
    }

    private static Optional<String> id(Metadata metadata, String name) {
        return metadata.find("tokenizer.ggml." + name + "_token_id")
                .map(value -> value instanceof MetadataValue.Int id && id.value() >= 0 ? id.toString() : null)
                .filter(Objects::nonNull);
    }
}
