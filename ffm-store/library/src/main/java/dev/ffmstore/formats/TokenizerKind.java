package dev.ffmstore.formats;

/// What distinguishes kinds of tokenizers in a `tokenizer.json`.
///
/// @param normalizer the member `normalizer`, as JSON
/// @param preTokenizer the member `pre_tokenizer`, as JSON
/// @param decoder the member `decoder`, as JSON
/// @param model writes the member `model`
/// @param addsFirst whether the first token is added where metadata does not say it
record TokenizerKind(String normalizer, String preTokenizer, String decoder, TextSource.Text model, boolean addsFirst) {
    /// Writes the vocabulary and the merges of a model of the type BPE.
    ///
    /// @param settings the other members of the object
    static void writeBpe(TokenizerMetadata tokenizer, String settings, TextSource.Text merges, TextSource.Sink sink) {
        sink.add("{\"type\": \"BPE\", ").add(settings).add(",\n\"vocab\": ");
        Vocabulary.ids(tokenizer.tokens(), sink);
        sink.add(",\n\"merges\": [");
        merges.writeTo(sink);
        sink.add("]}");
    }
}
