package dev.ffmstore.formats;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/// How a text is split before a byte-level BPE merges what is in each piece: what `tokenizer.ggml.pre` names. The
/// definitions are in `pre-tokenizers.txt`, which begins with their syntax.
///
/// @param splits regular expressions of Oniguruma: each cuts every piece into its matches and what is between them
/// @param options what else belongs to it: `nfc`, `words`, `bos`
record PreTokenizer(List<String> splits, Set<String> options) {
    private static final String FILE = "pre-tokenizers.txt";
    private static final Map<String, PreTokenizer> ALL = read();

    /// {@return the definition of a name; empty if there is none}
    static Optional<PreTokenizer> of(String name) {
        return Optional.ofNullable(ALL.get(name));
    }

    /// {@return whether texts are brought into the normal form C first}
    boolean normalises() {
        return options.contains("nfc");
    }

    /// {@return whether a piece that is a token is not merged}
    boolean takesWholeTokens() {
        return options.contains("words");
    }

    /// {@return whether the first token is added where metadata does not say it}
    boolean addsFirst() {
        return options.contains("bos");
    }

    /// {@return the pre-tokenizer of a `tokenizer.json`}
    String json() {
        return splits.stream()
                .map(split -> "{\"type\": \"Split\", \"pattern\": {\"Regex\": " + JsonText.quote(split)
                        + "}, \"behavior\": \"Isolated\", \"invert\": false}")
                .collect(Collectors.joining(
                        ", ",
                        "{\"type\": \"Sequence\", \"pretokenizers\": [",
                        ", {\"type\": \"ByteLevel\", \"add_prefix_space\": false, \"trim_offsets\": true,"
                                + " \"use_regex\": false}]}"));
    }

    private static Map<String, PreTokenizer> read() {
        Map<String, PreTokenizer> all = new LinkedHashMap<>();
        PreTokenizer current = new PreTokenizer(List.of(), Set.of());
        for (String line : resource().lines().toList()) {
            if (line.startsWith("\t")) {
                current.splits().add(line.substring(1));
            } else if (!line.isEmpty() && !line.startsWith("#")) {
                String[] head = line.split(":", -1);
                Set<String> options =
                        head[1].isBlank() ? Set.of() : Set.of(head[1].strip().split(" "));
                current = new PreTokenizer(new ArrayList<>(), options);
                for (String name : head[0].split(" ")) {
                    all.put(name, current);
                }
            }
        }
        return Map.copyOf(all);
    }

    private static String resource() {
        try (InputStream stream = PreTokenizer.class.getResourceAsStream(FILE)) {
            if (stream == null) {
                throw new IllegalStateException("no resource " + FILE);
            }
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
