package dev.ffmstore.formats;

import dev.ffmstore.gguf.Metadata;
import dev.ffmstore.gguf.MetadataType;
import dev.ffmstore.gguf.MetadataValue;
import java.util.Optional;

/// What metadata says about a tokenizer, by the keys that start with `tokenizer.ggml.`.
///
/// @param metadata the model's metadata, readable as long as this is used
/// @param tokens the vocabulary: the text of every token, by its id
/// @param types the type of every token: [#NORMAL] and so on
record TokenizerMetadata(Metadata metadata, MetadataValue.Array tokens, Optional<MetadataValue.Array> types) {
    static final int NORMAL = 1;
    static final int UNKNOWN = 2;
    static final int CONTROL = 3;
    static final int USER_DEFINED = 4;
    static final int BYTE = 6;

    private static final String PREFIX = "tokenizer.ggml.";

    /// {@return what the metadata says; empty if it holds no tokens}
    ///
    /// @throws UntoldException if there are types, but not one for each token
    static Optional<TokenizerMetadata> of(Metadata metadata) throws UntoldException {
        if (!(metadata.find(PREFIX + "tokens").orElse(null) instanceof MetadataValue.Array tokens)
                || tokens.elementType() != MetadataType.STRING) {
            return Optional.empty();
        }
        Optional<MetadataValue.Array> types = array(metadata, "token_type", tokens.size());
        if (types.isPresent() && !types.get().elementType().isInteger()) {
            throw new UntoldException("{} is {}", PREFIX + "token_type", types.get());
        }
        return Optional.of(new TokenizerMetadata(metadata, tokens, types));
    }

    private static Optional<MetadataValue.Array> array(Metadata metadata, String name, long size)
            throws UntoldException {
        if (!(metadata.find(PREFIX + name).orElse(null) instanceof MetadataValue.Array array)) {
            return Optional.empty();
        }
        if (array.size() != size) {
            throw new UntoldException("{} has {} elements for {} tokens", PREFIX + name, array.size(), size);
        }
        return Optional.of(array);
    }

    /// {@return the type of a token; without types all are normal}
    int type(long id) {
        return types.map(array -> (int) array.integer(id)).orElse(NORMAL);
    }

    /// {@return a score for each token}
    ///
    /// @throws UntoldException if there are none
    MetadataValue.Array scores() throws UntoldException {
        Optional<MetadataValue.Array> scores = array(metadata, "scores", tokens.size());
        if (scores.isEmpty() || !scores.get().elementType().isFloat()) {
            throw new UntoldException("there are no scores");
        }
        return scores.get();
    }

    /// {@return the merges of a byte-level BPE}
    ///
    /// @throws UntoldException if there are none
    MetadataValue.Array merges() throws UntoldException {
        if (metadata.find(PREFIX + "merges").orElse(null) instanceof MetadataValue.Array merges
                && merges.elementType() == MetadataType.STRING) {
            return merges;
        }
        throw new UntoldException("there are no merges");
    }

    /// {@return the string of a key, or "none"}
    String text(String name) {
        return metadata.find(PREFIX + name).orElse(null) instanceof MetadataValue.Text text ? text.value() : "none";
    }

    /// {@return the truth value of a key, or the default if there is none}
    boolean isTrue(String name, boolean otherwise) {
        return metadata.find(PREFIX + name).orElse(null) instanceof MetadataValue.Bool truth
                ? truth.value()
                : otherwise;
    }

    /// {@return the id of a token with a name, such as `bos`; empty if there is none in the vocabulary}
    Optional<Long> special(String name) {
        return metadata.find(PREFIX + name + "_token_id").orElse(null) instanceof MetadataValue.Int id
                        && id.value() >= 0
                        && id.value() < tokens.size()
                ? Optional.of(id.value())
                : Optional.empty();
    }
}
