package dev.ffmstore.formats;

import java.lang.foreign.Arena;

/// The tokenizer that GGUF calls `llama`, SentencePiece's BPE: spaces are written as U+2581, texts are not split,
/// and pairs are merged by the scores of what they become; characters that are no tokens become bytes.
final class SentencePieceBpe {
    private static final String SPACE = "▁";

    private SentencePieceBpe() {}

    /// {@return the tokenizer}
    ///
    /// @param arena where its tables are, as long as it is used
    /// @throws UntoldException if the merges cannot be told from scores
    static TokenizerKind of(TokenizerMetadata tokenizer, Arena arena) throws UntoldException {
        ScoredMerges merges = new ScoredMerges(tokenizer, arena);
        boolean startsWithSpace = tokenizer.isTrue("add_space_prefix", true);
        String spaces = "{\"type\": \"Replace\", \"pattern\": {\"String\": \" \"}, \"content\": \"" + SPACE + "\"}";
        String normalizer = startsWithSpace
                ? "{\"type\": \"Sequence\", \"normalizers\": [{\"type\": \"Prepend\", \"prepend\": \"" + SPACE + "\"}, "
                        + spaces + "]}"
                : spaces;
        String decoder = "{\"type\": \"Sequence\", \"decoders\": [{\"type\": \"Replace\", \"pattern\": {\"String\": \""
                + SPACE + "\"}, \"content\": \" \"}, {\"type\": \"ByteFallback\"}, {\"type\": \"Fuse\"}"
                + (startsWithSpace ? ", {\"type\": \"Strip\", \"content\": \" \", \"start\": 1, \"stop\": 0}" : "")
                + "]}";
        String unknown = tokenizer
                .special("unknown")
                .map(id -> JsonText.quote(tokenizer.tokens().string(id)))
                .orElse("null");
        String settings = "\"dropout\": null, \"unk_token\": " + unknown + ", \"continuing_subword_prefix\": null,"
                + " \"end_of_word_suffix\": null, \"fuse_unk\": true, \"byte_fallback\": " + hasBytes(tokenizer)
                + ", \"ignore_merges\": false";
        return new TokenizerKind(
                normalizer,
                "null",
                decoder,
                sink -> TokenizerKind.writeBpe(tokenizer, settings, list -> write(merges, list), sink),
                true);
    }

    private static boolean hasBytes(TokenizerMetadata tokenizer) {
        for (long id = 0; id < tokenizer.tokens().size(); id++) {
            if (tokenizer.type(id) == TokenizerMetadata.BYTE) {
                return true;
            }
        }
        return false;
    }

    private static void write(ScoredMerges merges, TextSource.Sink sink) {
        String[] before = {"\n"};
        merges.forEach((left, right) -> {
            sink.add(before[0]).add(JsonText.quote(left + " " + right));
            before[0] = ",\n";
        });
    }
}
