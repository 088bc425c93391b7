package dev.ffmstore.formats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ffmstore.Model;
import dev.ffmstore.gguf.MetadataType;
import dev.ffmstore.internal.gguf.GgufWriter;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.CharRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;

class ScoredMergesTest {
    private static List<String> merges(List<String> tokens, double[] scores, long... types) throws Exception {
        GgufWriter header = new GgufWriter(3)
                .putStrings("tokenizer.ggml.tokens", tokens)
                .putReals("tokenizer.ggml.scores", MetadataType.FLOAT32, scores);
        if (types.length > 0) {
            header.putIntegers("tokenizer.ggml.token_type", MetadataType.INT32, types);
        }
        List<String> merges = new ArrayList<>();
        try (Model model = Sidecars.open(header);
                Arena arena = Arena.ofConfined()) {
            TokenizerMetadata tokenizer = TokenizerMetadata.of(model.metadata()).orElseThrow();
            new ScoredMerges(tokenizer, arena).forEach((left, right) -> merges.add(left + " " + right));
        }
        return merges;
    }

    private static double[] scores(int count) {
        return IntStream.range(0, count).mapToDouble(i -> -i).toArray();
    }

    @Test
    void theHighestScoreIsFirstAndTheLongestLeftPart() throws Exception {
        List<String> tokens = List.of("a", "b", "ab", "abb", "bb", "▁", "▁a", "日本", "日", "本");
        double[] scores = {-9, -9, -3, 0.5, -0.25, -9, Double.NaN, 2, -9, -9};
        assertThat(merges(tokens, scores)).containsExactly("日 本", "ab b", "a bb", "b b", "a b", "▁ a");
    }

    @Test
    void tokensOfEqualScoresKeepTheirOrder() throws Exception {
        assertThat(merges(List.of("a", "b", "ba", "ab", "bb"), new double[] {0, 0, -0.0, 0, -0.0}))
                .containsExactly("b a", "a b", "b b");
    }

    @Test
    void controlsBytesAndTokensWithSpacesAreNotMerged() throws Exception {
        List<String> tokens = List.of("a", "b", "ab", "aa", "bb", " ", "  ", "ba");
        assertThat(merges(tokens, scores(8), 1, 1, 3, 6, 2, 4, 4, 5)).containsExactly("b a");
    }

    @Test
    void aTokenThatNobodyTrainedIsRefused() {
        List<String> tokens = List.of("a", "a".repeat(ScoredMerges.MOST_BYTES + 1));
        assertThatThrownBy(() -> merges(tokens, scores(2)))
                .isInstanceOf(UntoldException.class)
                .hasMessageContaining("513 bytes");
    }

    @Test
    void tooManyMergesAreRefused() {
        List<String> tokens =
                IntStream.rangeClosed(1, 500).mapToObj("a"::repeat).toList();
        assertThatThrownBy(() -> merges(tokens, scores(500)))
                .isInstanceOf(UntoldException.class)
                .hasMessageContaining("more pairs");
    }

    @Test
    void scoresAreNeeded() throws IOException {
        GgufWriter header = new GgufWriter(3).putStrings("tokenizer.ggml.tokens", List.of("a"));
        try (Model model = Sidecars.open(header);
                Arena arena = Arena.ofConfined()) {
            assertThatThrownBy(() -> new ScoredMerges(
                            TokenizerMetadata.of(model.metadata()).orElseThrow(), arena))
                    .isInstanceOf(UntoldException.class)
                    .hasMessage("there are no scores");
        }
    }

    /// All pairs of tokens that are a token, by the definition.
    @Property(tries = 200)
    void areAllPairsOfTokens(
            @ForAll @Size(min = 1, max = 40)
                    Set<@StringLength(min = 1, max = 6) @CharRange(from = 'a', to = 'c') String> words)
            throws Exception {
        List<String> tokens = new ArrayList<>(new TreeSet<>(words));
        Set<String> known = new HashSet<>(tokens);
        List<String> expected = new ArrayList<>();
        for (String token :
                tokens.stream().sorted(Comparator.comparing(tokens::indexOf)).toList()) {
            for (int i = token.length() - 1; i > 0; i--) {
                if (known.contains(token.substring(0, i)) && known.contains(token.substring(i))) {
                    expected.add(token.substring(0, i) + " " + token.substring(i));
                }
            }
        }
        assertThat(merges(tokens, scores(tokens.size()))).isEqualTo(expected);
    }
}
