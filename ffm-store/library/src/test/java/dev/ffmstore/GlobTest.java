package dev.ffmstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.statistics.Statistics;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GlobTest {
    /// Characters of all kinds that a pattern may hold: those with a meaning, and some without.
    @Provide
    static Arbitrary<String> globs() {
        return Arbitraries.oneOf(
                Arbitraries.of(
                                "a", "b", "c", "-", "]", "*", "?", "{", "}", ",", "\\", "[", "!", "^", "\n", "é", "😀",
                                "😂")
                        .list()
                        .ofMaxSize(8)
                        .map(tokens -> String.join("", tokens)),
                Arbitraries.recursive(GlobTest::atoms, GlobTest::nested, 0, 3));
    }

    private static Arbitrary<String> atoms() {
        return Arbitraries.of(
                "", "a", "b", "😀", "*", "?", "[ab]", "[!a]", "[^b-c]", "[]a]", "[!]]", "[a-]", "[-b]", "\\*", "\\😀",
                ",", "[*?{\\]", "[a😀]", "[!😀]");
    }

    private static Arbitrary<String> nested(Arbitrary<String> inner) {
        return Arbitraries.oneOf(
                inner.list().ofMaxSize(3).map(parts -> String.join("", parts)),
                inner.list().ofMaxSize(3).map(parts -> "{" + String.join(",", parts) + "}"));
    }

    @Provide
    static Arbitrary<String> names() {
        return Arbitraries.of("a", "a", "b", "b", "c", "-", "]", "*", ",", "\\", "!", "\n", "é", "😀", "😂")
                .list()
                .ofMaxSize(6)
                .map(characters -> String.join("", characters));
    }

    @Property(tries = 10_000, edgeCases = EdgeCasesMode.NONE)
    void matchesAndRefusesAsARegularExpressionDoes(@ForAll("globs") String glob, @ForAll("names") String name) {
        Optional<Pattern> regex = RegexOfGlob.compile(glob);
        if (regex.isEmpty()) {
            Statistics.collect("malformed");
            assertThatThrownBy(() -> Glob.of(glob))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("malformed pattern ");
            return;
        }
        boolean expected = regex.get().matcher(name).matches();
        Statistics.collect(expected ? "matches" : "does not match");
        Glob compiled = Glob.of(glob);
        assertThat(compiled.matches(name)).isEqualTo(expected);
        compiled.literal().ifPresent(literal -> {
            assertThat(literal.equals(name)).isEqualTo(expected);
            assertThat(regex.get().matcher(literal).matches()).isTrue();
        });
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "? | 😀 | true",
                "?? | 😀 | false",
                "[😀-😂] | 😁 | true",
                "[!😀-😂] | 😁 | false",
                "[!a] | 😁 | true",
                "a\\😀 | a😀 | true",
                "{,a}{b,} | a | true",
                "{a,{b,c{d,e}}}f | cef | true",
                "{a,{b,c{d,e}}}f | cf | false",
                "{[,}]} | , | true",
            })
    void matchesWholeCharacters(String glob, String name, boolean matches) {
        assertThat(Glob.of(glob).matches(name)).isEqualTo(matches);
    }

    @Test
    void theEmptyPatternMatchesTheEmptyName() {
        assertThat(Glob.of("").matches("")).isTrue();
        assertThat(Glob.of("").matches("a")).isFalse();
        assertThat(Glob.of("{}").matches("")).isTrue();
        assertThat(Glob.of("*").matches("")).isTrue();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"blk.0.w | blk.0.w", "a\\*\\{b | a*{b", "a,b | a,b", "a😀 | a😀", "a* |", "? |", "[a] |", "{a} |"})
    void aPatternWithoutWildcardsIsOneName(String glob, String name) {
        assertThat(Glob.of(glob).literal()).isEqualTo(Optional.ofNullable(name));
    }

    @ParameterizedTest
    @ValueSource(strings = {"*a", "?*", "{a,*}", "{a,a}", "{,a}", "{a,{a,{a,aa}}}", "[!b]*", "{a*,*a}"})
    void timeGrowsWithPatternTimesName(String part) {
        String name = "a".repeat(5_000) + "b";
        Glob glob = Glob.of(part.repeat(100) + "c");
        assertThat(assertTimeoutPreemptively(Duration.ofSeconds(20), () -> glob.matches(name)))
                .isFalse();
    }

    @Test
    void longPatternsAndNamesAreNoTrouble() {
        String alternatives = "{" + "ab,".repeat(100_000) + "ac}";
        assertThat(Glob.of(alternatives).matches("ac")).isTrue();
        String name = "é".repeat(1_000_000);
        assertThat(assertTimeoutPreemptively(
                        Duration.ofSeconds(20), () -> Glob.of("*{é,x}").matches(name)))
                .isTrue();
        assertThat(Glob.of(name).matches(name)).isTrue();
    }

    @Test
    void refusesDeepNesting() {
        String deepest = "{".repeat(1000) + "a" + "}".repeat(1000);
        assertThat(Glob.of(deepest).matches("a")).isTrue();
        for (int levels : new int[] {1001, 1_000_000}) {
            assertThatThrownBy(() -> Glob.of("{".repeat(levels) + "a" + "}".repeat(levels)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("malformed pattern {")
                    .hasMessageEndingWith(": nested too deeply")
                    .message()
                    .hasSizeLessThan(400);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "[a | [ without ]",
                "[] | [ without ]",
                "[!] | [ without ]",
                "a{b | { without }",
                "a}b | } without {",
                "{a}} | } without {",
                "a\\ | nothing after \\",
                "[z-a] | the range z-a is backwards",
            })
    void saysWhatIsMalformed(String glob, String what) {
        assertThatThrownBy(() -> Glob.of(glob))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageEndingWith(": " + what);
    }

    @Test
    void whatComesFromThePatternIsEscapedInMessages() {
        assertThatThrownBy(() -> Glob.of("[\u202e-\n]"))
                .hasMessage("malformed pattern [\\u{202e}-\\u{a}]: the range \\u{202e}-\\u{a} is backwards");
        assertThatThrownBy(() -> Glob.of("\n*").requireMatch(Set.of("a")))
                .hasMessage("no tensor matches the pattern \\u{a}*");
    }

    /// The definition of a pattern by a regular expression, which may take exponential time.
    private static final class RegexOfGlob {
        private final StringBuilder regex = new StringBuilder();
        private final int[] glob;
        private int at;

        private RegexOfGlob(String glob) {
            this.glob = glob.codePoints().toArray();
        }

        /// {@return the expression; empty if the pattern is malformed}
        static Optional<Pattern> compile(String glob) {
            RegexOfGlob translation = new RegexOfGlob(glob);
            return translation.translate()
                    ? Optional.of(Pattern.compile(translation.regex.toString(), Pattern.DOTALL))
                    : Optional.empty();
        }

        private boolean translate() {
            int depth = 0;
            for (; at < glob.length; at++) {
                switch (glob[at]) {
                    case '*' -> regex.append(".*");
                    case '?' -> regex.append('.');
                    case '{' -> {
                        depth++;
                        regex.append("(?:");
                    }
                    case '}' -> {
                        if (depth-- == 0) {
                            return false;
                        }
                        regex.append(')');
                    }
                    case ',' -> regex.append(depth > 0 ? "|" : ",");
                    case '[' -> {
                        if (!translateSet()) {
                            return false;
                        }
                    }
                    case '\\' -> {
                        if (++at == glob.length) {
                            return false;
                        }
                        append(glob[at]);
                    }
                    default -> append(glob[at]);
                }
            }
            return depth == 0;
        }

        private boolean translateSet() {
            int first = at + 1;
            boolean negated = first < glob.length && (glob[first] == '!' || glob[first] == '^');
            if (negated) {
                first++;
            }
            int end = first + 1;
            while (end < glob.length && glob[end] != ']') {
                end++;
            }
            if (end >= glob.length) {
                return false;
            }
            regex.append(negated ? "[^" : "[");
            for (int i = first; i < end; i++) {
                append(glob[i]);
                if (i + 2 < end && glob[i + 1] == '-') {
                    if (glob[i + 2] < glob[i]) {
                        return false;
                    }
                    regex.append('-');
                    append(glob[i + 2]);
                    i += 2;
                }
            }
            regex.append(']');
            at = end;
            return true;
        }

        private void append(int c) {
            regex.append(String.format(Locale.ROOT, "\\x{%x}", c));
        }
    }
}
