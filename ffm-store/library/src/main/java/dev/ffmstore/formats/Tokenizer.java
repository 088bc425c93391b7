package dev.ffmstore.formats;

import dev.ffmstore.Model;
import dev.ffmstore.export.FileLayout;
import dev.ffmstore.export.NamedLayout;
import dev.ffmstore.gguf.MetadataValue;
import dev.ffmstore.internal.text.Problem;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// The files by which transformers, and the library tokenizers, open a model's tokenizer.
///
/// ```text
/// tokenizer.json          what turns texts into tokens and back
///   added_tokens            tokens that are found in a text as they are: by type control, unknown (special) and
///                           user-defined, and those that metadata names as the first, the last and so on (special)
///   normalizer, pre_tokenizer, decoder, model
///                           by the kind of tokenizer: ByteLevelBpe, SentencePieceBpe
///   post_processor          adds the first and the last token, by add_bos_token and add_eos_token
/// tokenizer_config.json   the names of special tokens, the longest text, the chat template
/// ```
final class Tokenizer {
    /// Names of special tokens: that of GGUF, that of transformers.
    private static final Map<String, String> NAMED = Map.of(
            "bos", "bos_token",
            "eos", "eos_token",
            "unknown", "unk_token",
            "seperator", "sep_token",
            "padding", "pad_token",
            "cls", "cls_token",
            "mask", "mask_token");

    /// Tokens that end an answer, or surround parts of a file.
    private static final List<String> OTHERS =
            List.of("eot", "eom", "fim_pre", "fim_suf", "fim_mid", "fim_pad", "fim_rep", "fim_sep");

    private final TokenizerMetadata tokenizer;
    private final Model model;
    private final boolean addsFirst;
    private final boolean addsLast;

    private Tokenizer(TokenizerMetadata tokenizer, Model model, TokenizerKind kind) {
        this.tokenizer = tokenizer;
        this.model = model;
        this.addsFirst = tokenizer.isTrue("add_bos_token", kind.addsFirst())
                && tokenizer.special("bos").isPresent();
        this.addsLast = tokenizer.isTrue("add_eos_token", false)
                && tokenizer.special("eos").isPresent();
    }

    /// {@return the layouts of both files; none if metadata holds no tokens, or does not say what the tokenizer is}
    ///
    /// @param warnings takes a sentence in the latter case
    static List<NamedLayout> files(Model model, Consumer<String> warnings) {
        try (Arena arena = Arena.ofConfined()) {
            Optional<TokenizerMetadata> tokenizer = TokenizerMetadata.of(model.metadata());
            if (tokenizer.isEmpty()) {
                return List.of();
            }
            TokenizerKind kind = kind(tokenizer.get(), arena);
            Tokenizer files = new Tokenizer(tokenizer.get(), model, kind);
            return List.of(
                    new NamedLayout(
                            "tokenizer.json",
                            TextSource.of("tokenizer.json", sink -> files.write(kind, sink))
                                    .layout()),
                    new NamedLayout(
                            "tokenizer_config.json",
                            FileLayout.of(files.configuration().getBytes(StandardCharsets.UTF_8))));
        } catch (UntoldException e) {
            warnings.accept(Problem.of(
                            model.name(),
                            "tokenizer.json and tokenizer_config.json are left out: {}",
                            Problem.printable(e.getMessage()))
                    .toString());
            return List.of();
        }
    }

    private static TokenizerKind kind(TokenizerMetadata tokenizer, Arena arena) throws UntoldException {
        String kind = tokenizer.text("model");
        return switch (kind) {
            case "gpt2" -> ByteLevelBpe.of(tokenizer);
            case "llama" -> SentencePieceBpe.of(tokenizer, arena);
            default ->
                throw new UntoldException("tokenizer.ggml.model is {}: only gpt2 and llama can be written", kind);
        };
    }

    private void write(TokenizerKind kind, TextSource.Sink sink) {
        sink.add("{\"version\": \"1.0\", \"truncation\": null, \"padding\": null,\n\"added_tokens\": [");
        writeAdded(sink);
        sink.add("],\n\"normalizer\": ").add(kind.normalizer());
        sink.add(",\n\"pre_tokenizer\": ").add(kind.preTokenizer());
        sink.add(",\n\"post_processor\": ").add(postProcessor());
        sink.add(",\n\"decoder\": ").add(kind.decoder());
        sink.add(",\n\"model\": ");
        kind.model().writeTo(sink);
        sink.add("}\n");
    }

    private void writeAdded(TextSource.Sink sink) {
        TreeSet<Long> named = Stream.concat(NAMED.keySet().stream(), OTHERS.stream())
                .flatMap(name -> tokenizer.special(name).stream())
                .collect(Collectors.toCollection(TreeSet::new));
        String before = "\n";
        for (long id = 0; id < tokenizer.tokens().size(); id++) {
            int type = tokenizer.type(id);
            boolean isSpecial =
                    type == TokenizerMetadata.CONTROL || type == TokenizerMetadata.UNKNOWN || named.contains(id);
            if (isSpecial || type == TokenizerMetadata.USER_DEFINED) {
                String text = tokenizer.tokens().string(id);
                if (!text.isEmpty()) {
                    sink.add(before).add(added(id, text, isSpecial));
                    before = ",\n";
                }
            }
        }
    }

    private String added(long id, String text, boolean isSpecial) {
        return "{\"id\": " + id + ", \"content\": " + JsonText.quote(text)
                + ", \"single_word\": false, \"lstrip\": false, \"rstrip\": " + takesSpacesAfter(text)
                + ", \"normalized\": false, \"special\": " + isSpecial + "}";
    }

    /// Tells whether spaces after a token belong to it: in Phi-3, after those that its chats are made of.
    private boolean takesSpacesAfter(String text) {
        return tokenizer.text("model").equals("llama")
                && model.metadata().find("general.architecture").orElse(null) instanceof MetadataValue.Text name
                && name.value().equals("phi3")
                && !List.of("<unk>", "<s>", "<|endoftext|>").contains(text);
    }

    private String postProcessor() {
        if (!addsFirst && !addsLast) {
            return "null";
        }
        String single = sequence("A", 0);
        String pair = single + ", " + sequence("B", 1);
        List<String> names = new ArrayList<>();
        if (addsFirst) {
            names.add("bos");
        }
        if (addsLast && !tokenizer.special("eos").equals(addsFirst ? tokenizer.special("bos") : Optional.empty())) {
            names.add("eos");
        }
        String tokens = names.stream()
                .map(name -> text(name) + ": {\"id\": " + text(name) + ", \"ids\": ["
                        + tokenizer.special(name).orElseThrow() + "], \"tokens\": [" + text(name) + "]}")
                .collect(Collectors.joining(", "));
        return "{\"type\": \"TemplateProcessing\", \"single\": [" + single + "], \"pair\": [" + pair
                + "], \"special_tokens\": {" + tokens + "}}";
    }

    private String sequence(String name, int type) {
        return (addsFirst ? special("bos", type) + ", " : "")
                + "{\"Sequence\": {\"id\": \"" + name + "\", \"type_id\": " + type + "}}"
                + (addsLast ? ", " + special("eos", type) : "");
    }

    private String special(String name, int type) {
        return "{\"SpecialToken\": {\"id\": " + text(name) + ", \"type_id\": " + type + "}}";
    }

    /// Returns the text of a special token as JSON.
    private String text(String name) {
        return JsonText.quote(tokenizer.tokens().string(tokenizer.special(name).orElseThrow()));
    }

    private String configuration() {
        Map<String, String> members = new LinkedHashMap<>();
        members.put("tokenizer_class", "\"PreTrainedTokenizerFast\"");
        NAMED.entrySet().stream().sorted(Map.Entry.comparingByValue()).forEach(name -> {
            if (tokenizer.special(name.getKey()).isPresent()) {
                members.put(name.getValue(), text(name.getKey()));
            }
        });
        members.put("add_bos_token", Boolean.toString(addsFirst));
        members.put("add_eos_token", Boolean.toString(addsLast));
        members.put("clean_up_tokenization_spaces", "false");
        contextLength().ifPresent(length -> members.put("model_max_length", length));
        if (model.metadata().find(Vocabulary.CHAT_TEMPLATE).orElse(null) instanceof MetadataValue.Text template) {
            members.put("chat_template", JsonText.quote(template.value()));
        }
        return JsonText.object(members);
    }

    private Optional<String> contextLength() {
        return model.metadata()
                .find("general.architecture")
                .flatMap(name -> model.metadata()
                        .find(name + ".context_length")
                        .flatMap(length -> length instanceof MetadataValue.Int number && number.value() > 0
                                ? Optional.of(number.toString())
                                : Optional.empty()));
    }
}
