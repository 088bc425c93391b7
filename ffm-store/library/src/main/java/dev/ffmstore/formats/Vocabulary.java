package dev.ffmstore.formats;

import dev.ffmstore.export.NamedLayout;
import dev.ffmstore.gguf.Metadata;
import dev.ffmstore.gguf.MetadataType;
import dev.ffmstore.gguf.MetadataValue;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The files of a model's tokenizer, as far as the metadata holds it.
///
/// ```text
/// tokenizer_vocabulary.json   {"model": "llama", …, "tokens": [STRING, …], "scores": [FLOAT, …], …}
/// vocab.json                  {"the": 0, …}                        of a byte-level BPE (`gpt2`) only,
/// merges.txt                  #version: 0.2, then a merge a line   in the form of Hugging Face's slow tokenizers
/// chat_template.jinja         the template as it is
/// ```
final class Vocabulary {
    private static final String PREFIX = "tokenizer.ggml.";
    private static final String TOKENS = PREFIX + "tokens";
    private static final String MERGES = PREFIX + "merges";
    static final String CHAT_TEMPLATE = "tokenizer.chat_template";

    private Vocabulary() {}

    /// {@return the layouts of the files; none if the metadata holds no tokens}
    ///
    /// @param metadata the model's metadata, readable while this runs
    public static List<NamedLayout> files(Metadata metadata) {
        List<NamedLayout> files = new ArrayList<>();
        Optional<MetadataValue.Array> tokens = strings(metadata, TOKENS);
        if (tokens.isPresent()) {
            files.add(file("tokenizer_vocabulary.json", sink -> all(metadata, sink)));
            Optional<MetadataValue.Array> merges = strings(metadata, MERGES);
            if (merges.isPresent() && isByteLevel(metadata)) {
                files.add(file("vocab.json", sink -> {
                    ids(tokens.get(), sink);
                    sink.add("\n");
                }));
                files.add(file("merges.txt", sink -> lines(merges.get(), sink)));
            }
        }
        if (metadata.find(CHAT_TEMPLATE).orElse(null) instanceof MetadataValue.Text template) {
            files.add(file("chat_template.jinja", sink -> sink.add(template.value())));
        }
        return files;
    }

    private static NamedLayout file(String name, TextSource.Text text) {
        return new NamedLayout(name, TextSource.of(name, text).layout());
    }

    private static boolean isByteLevel(Metadata metadata) {
        return metadata.find(PREFIX + "model").orElse(null) instanceof MetadataValue.Text model
                && model.value().equals("gpt2");
    }

    private static Optional<MetadataValue.Array> strings(Metadata metadata, String key) {
        return metadata.find(key).orElse(null) instanceof MetadataValue.Array array
                        && array.elementType() == MetadataType.STRING
                ? Optional.of(array)
                : Optional.empty();
    }

    /// Writes everything that the metadata says about the tokenizer, under GGUF's keys without their prefix, in the
    /// file's order.
    private static void all(Metadata metadata, TextSource.Sink sink) {
        String before = "{\n";
        for (String key : metadata.asMap().keySet()) {
            if (key.startsWith(PREFIX)) {
                sink.add(before)
                        .add(JsonText.quote(key.substring(PREFIX.length())))
                        .add(": ");
                value(metadata.get(key), sink);
                before = ",\n";
            }
        }
        sink.add("\n}\n");
    }

    private static void value(MetadataValue value, TextSource.Sink sink) {
        switch (value) {
            case MetadataValue.Text text -> sink.add(JsonText.quote(text.value()));
            case MetadataValue.Int number -> sink.add(number.toString());
            case MetadataValue.Real number -> sink.add(JsonNumbers.of(number));
            case MetadataValue.Bool bool -> sink.add(bool.toString());
            case MetadataValue.Array array -> {
                String before = "[";
                for (Object element : array) {
                    sink.add(before).add(element(array, element));
                    before = ", ";
                }
                sink.add(array.size() == 0 ? "[]" : "]");
            }
        }
    }

    private static String element(MetadataValue.Array array, Object element) {
        return switch (element) {
            case String text -> JsonText.quote(text);
            case Double real -> JsonNumbers.of(new MetadataValue.Real(array.elementType(), real));
            case Long integer -> new MetadataValue.Int(array.elementType(), integer).toString();
            default -> element.toString();
        };
    }

    /// Writes tokens and their ids as an object.
    static void ids(MetadataValue.Array tokens, TextSource.Sink sink) {
        String before = "{";
        long id = 0;
        for (Object token : tokens) {
            sink.add(before).add(JsonText.quote((String) token)).add(": ").add(Long.toString(id++));
            before = ", ";
        }
        sink.add(id == 0 ? "{}" : "}");
    }

    private static void lines(MetadataValue.Array merges, TextSource.Sink sink) {
        sink.add("#version: 0.2\n");
        for (Object merge : merges) {
            sink.add((String) merge).add("\n");
        }
    }
}
