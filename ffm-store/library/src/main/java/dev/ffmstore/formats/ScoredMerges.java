package dev.ffmstore.formats;

import dev.ffmstore.gguf.MetadataValue;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/// The merges of a BPE that GGUF describes by scores, as SentencePiece does: of the neighbours in a text that
/// together are a token, those of the token with the highest score are merged first. As a list that is: for each
/// token, the highest score first, all pairs of tokens that it consists of, the pair with the longest left one
/// first.
///
/// Takes time in proportion to the vocabulary, times the length of its longest token, and some 32 bytes a token off
/// the heap.
final class ScoredMerges {
    /// SentencePiece's own limit is 16 characters, unless a user sets another.
    static final int MOST_BYTES = 512;

    /// Vocabularies that were trained have two or three.
    private static final long MOST_MERGES_A_TOKEN = 32;

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final int HALF = 1 << 16;

    private final TokenizerMetadata tokenizer;
    private final MetadataValue.Array tokens;
    private final TokenIndex index;
    private final MemorySegment byScore;

    /// Takes pairs of tokens.
    @FunctionalInterface
    interface Merge {
        void of(String left, String right);
    }

    /// @param arena where tables are, as long as this is used
    /// @throws UntoldException if there are no scores, a token is longer, or there are far more merges, than any
    /// that were trained
    ScoredMerges(TokenizerMetadata tokenizer, Arena arena) throws UntoldException {
        this.tokenizer = tokenizer;
        this.tokens = tokenizer.tokens();
        this.byScore = byScore(tokenizer.scores(), arena);
        this.index = new TokenIndex(tokens, arena);
        walk((_, _) -> {});
    }

    /// Sorts ids by two passes of 16 bits each, which keep the order of ids with equal scores.
    private static MemorySegment byScore(MetadataValue.Array scores, Arena arena) {
        MemorySegment ids = arena.allocate(INT, scores.size());
        MemorySegment sorted = arena.allocate(INT, scores.size());
        for (long id = 0; id < scores.size(); id++) {
            ids.setAtIndex(INT, id, (int) id);
        }
        pass(scores, 0, ids, sorted);
        pass(scores, 16, sorted, ids);
        return ids;
    }

    private static void pass(MetadataValue.Array scores, int shift, MemorySegment from, MemorySegment to) {
        int[] starts = new int[HALF + 1];
        for (long i = 0; i < scores.size(); i++) {
            starts[(descending(scores.real(i)) >>> shift & HALF - 1) + 1]++;
        }
        for (int i = 1; i <= HALF; i++) {
            starts[i] += starts[i - 1];
        }
        for (long i = 0; i < scores.size(); i++) {
            int id = from.getAtIndex(INT, i);
            to.setAtIndex(INT, starts[descending(scores.real(id)) >>> shift & HALF - 1]++, id);
        }
    }

    /// Returns an unsigned number that is the less, the higher the score.
    private static int descending(double score) {
        float known = Double.isNaN(score) ? Float.NEGATIVE_INFINITY : (float) score + 0f; // one zero
        int bits = Float.floatToIntBits(known);
        return bits < 0 ? bits : ~bits ^ 0x80000000;
    }

    /// Takes all merges, the first first.
    void forEach(Merge merge) {
        try {
            walk(merge);
        } catch (UntoldException e) {
            throw new IllegalStateException(e); // the first walk has not thrown it
        }
    }

    private void walk(Merge merge) throws UntoldException {
        long left = MOST_MERGES_A_TOKEN * Math.max(64, tokens.size());
        long[] suffixes = new long[MOST_BYTES + 1];
        for (long i = 0; i < tokens.size(); i++) {
            int id = byScore.getAtIndex(INT, i);
            if (isMerged(id)) {
                left -= splits(tokens.stringBytes(id), suffixes, merge);
            }
            if (left < 0) {
                throw new UntoldException("its tokens consist of more pairs of tokens than any that were trained");
            }
        }
    }

    private boolean isMerged(long id) {
        int type = tokenizer.type(id);
        return type != TokenizerMetadata.CONTROL && type != TokenizerMetadata.UNKNOWN && type != TokenizerMetadata.BYTE;
    }

    private long splits(MemorySegment token, long[] suffixes, Merge merge) throws UntoldException {
        int length = (int) Math.min(token.byteSize(), MOST_BYTES + 1);
        if (length > MOST_BYTES) {
            throw new UntoldException("a token has {} bytes, more than {}", token.byteSize(), MOST_BYTES);
        }
        byte[] bytes = token.toArray(ValueLayout.JAVA_BYTE);
        long[] prefixes = new long[length + 1];
        for (int i = 0; i < length; i++) {
            if (bytes[i] == ' ') {
                return 0; // texts have U+2581 for spaces, which only tokens of users do not
            }
            prefixes[i + 1] = index.appended(prefixes[i], bytes[i]);
        }
        suffixes[length] = 0;
        long power = 1;
        for (int i = length - 1; i >= 0; i--) {
            suffixes[i] = index.prepended(bytes[i], power, suffixes[i + 1]);
            power = index.nextPower(power);
        }
        long count = 0;
        for (int i = length - 1; i > 0; i--) {
            if (isStart(bytes[i])
                    && isToken(prefixes[i], token.asSlice(0, i))
                    && isToken(suffixes[i], token.asSlice(i))) {
                merge.of(text(bytes, 0, i), text(bytes, i, length));
                count++;
            }
        }
        return count;
    }

    private boolean isToken(long hash, MemorySegment bytes) {
        long id = index.find(hash, bytes);
        return id >= 0 && isMerged(id);
    }

    /// Tells whether a byte of UTF-8 starts a character.
    private static boolean isStart(byte b) {
        return (b & 0xC0) != 0x80;
    }

    private static String text(byte[] bytes, int from, int to) {
        return new String(bytes, from, to - from, StandardCharsets.UTF_8);
    }
}
