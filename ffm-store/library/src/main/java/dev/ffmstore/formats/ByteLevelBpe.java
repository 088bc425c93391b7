package dev.ffmstore.formats;

import dev.ffmstore.gguf.MetadataValue;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// The tokenizer that GGUF calls `gpt2`: texts are split by a [PreTokenizer], bytes are written as letters, and
/// pairs are merged in the order of a list.
final class ByteLevelBpe {
    private static final String BYTES =
            "{\"type\": \"ByteLevel\", \"add_prefix_space\": false, \"trim_offsets\": true, \"use_regex\": false}";

    private ByteLevelBpe() {}

    /// {@return the tokenizer}
    ///
    /// @throws UntoldException if it is not known how texts are split, or a merge is not one of two tokens to a
    /// third
    static TokenizerKind of(TokenizerMetadata tokenizer) throws UntoldException {
        String name = tokenizer.text("pre");
        PreTokenizer pre = PreTokenizer.of(name)
                .orElseThrow(() -> new UntoldException("no pre-tokenizer is known by tokenizer.ggml.pre {}", name));
        MetadataValue.Array merges = tokenizer.merges();
        check(merges, tokenizer.tokens());
        String settings = "\"dropout\": null, \"unk_token\": null, \"continuing_subword_prefix\": null,"
                + " \"end_of_word_suffix\": null, \"fuse_unk\": false, \"byte_fallback\": false, \"ignore_merges\": "
                + pre.takesWholeTokens();
        return new TokenizerKind(
                pre.normalises() ? "{\"type\": \"NFC\"}" : "null",
                pre.json(),
                BYTES,
                sink -> TokenizerKind.writeBpe(tokenizer, settings, list -> write(merges, list), sink),
                pre.addsFirst());
    }

    private static void write(MetadataValue.Array merges, TextSource.Sink sink) {
        String before = "\n";
        for (Object merge : merges) {
            sink.add(before).add(JsonText.quote((String) merge));
            before = ",\n";
        }
    }

    /// Readers refuse a list with a merge of what are no tokens.
    private static void check(MetadataValue.Array merges, MetadataValue.Array tokens) throws UntoldException {
        try (Arena arena = Arena.ofConfined()) {
            TokenIndex index = new TokenIndex(tokens, arena);
            for (long i = 0; i < merges.size(); i++) {
                if (!isOfTokens(merges.stringBytes(i), index)) {
                    throw new UntoldException("the merge {} is not of two tokens to a third", merges.string(i));
                }
            }
        }
    }

    private static boolean isOfTokens(MemorySegment merge, TokenIndex index) {
        long space = space(merge);
        if (space < 1 || space == merge.byteSize() - 1) {
            return false;
        }
        MemorySegment left = merge.asSlice(0, space);
        MemorySegment right = merge.asSlice(space + 1);
        MemorySegment both = MemorySegment.ofArray(new byte[Math.toIntExact(merge.byteSize() - 1)]);
        both.copyFrom(left).asSlice(space).copyFrom(right);
        return index.contains(left) && index.contains(right) && index.contains(both);
    }

    /// Returns where the only space is, or −1.
    private static long space(MemorySegment merge) {
        long found = -1;
        for (long i = 0; i < merge.byteSize(); i++) {
            if (merge.get(ValueLayout.JAVA_BYTE, i) == ' ') {
                if (found >= 0) {
                    return -1;
                }
                found = i;
            }
        }
        return found;
    }
}
