package dev.ffmstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import dev.ffmstore.NameFilter.Unmatched;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class NameFilterTest {
    private static final List<String> NAMES = List.of(
            "token_embd.weight",
            "blk.0.attn_k.weight",
            "blk.10.attn_k.weight",
            "blk.0.ffn/up",
            "a]b",
            "a-b",
            "a*b",
            "ü");

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "* | token_embd.weight,blk.0.attn_k.weight,blk.10.attn_k.weight,blk.0.ffn/up,a]b,a-b,a*b,ü",
                "blk.* | blk.0.attn_k.weight,blk.10.attn_k.weight,blk.0.ffn/up",
                "blk.?.* | blk.0.attn_k.weight,blk.0.ffn/up",
                "blk.[0-9]*k.weight | blk.0.attn_k.weight,blk.10.attn_k.weight",
                "blk.{0,1?}.attn* | blk.0.attn_k.weight,blk.10.attn_k.weight",
                "{token*,{a?b,none}} | token_embd.weight,a]b,a-b,a*b",
                "a[]*]b | a]b,a*b",
                "a[!-]b | a]b,a*b",
                "a[^]]b | a-b,a*b",
                "a\\*b | a*b",
                "? | ü",
            })
    void matchesAsGlobsDo(String glob, String expected) {
        var chosen = new NameFilter(List.of(glob), List.of()).over(NAMES);
        assertThat(NAMES.stream().filter(chosen)).containsExactly(expected.split(","));
    }

    @Test
    void excludeWins() {
        var chosen = new NameFilter(List.of("blk.*", "a?b"), List.of("*attn*", "a[*]b")).over(NAMES);
        assertThat(NAMES.stream().filter(chosen)).containsExactly("blk.0.ffn/up", "a]b", "a-b");
    }

    @Test
    void refusesPatternsThatMatchNothing() {
        assertThatThrownBy(() -> new NameFilter(List.of("blk.0"), List.of()).over(NAMES))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no tensor matches")
                .hasMessageContaining("blk.0");
        assertThatThrownBy(() -> new NameFilter(List.of(), List.of("x*")).over(NAMES))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("x*");
    }

    @ParameterizedTest
    @EnumSource
    void saysWhetherPatternsMayMatchNothing(Unmatched unmatched) {
        NameFilter filter = new NameFilter(List.of("a?b", "none", "x*"), List.of("nor this"), unmatched);
        if (unmatched == Unmatched.REFUSED) {
            assertThatThrownBy(() -> filter.over(NAMES)).hasMessage("no tensor matches the pattern none");
        } else {
            assertThat(NAMES.stream().filter(filter.over(NAMES))).containsExactly("a]b", "a-b", "a*b");
            assertThat(filter.over(List.of()).test("none")).isTrue();
        }
        assertThat(new NameFilter(List.of(), List.of()).unmatched()).isEqualTo(Unmatched.REFUSED);
    }

    @Test
    void manyPatternsWithoutWildcardsAreLookedUp() {
        List<String> names = IntStream.range(0, 100_000)
                .mapToObj(i -> "model.layers." + i + "*")
                .toList();
        List<String> patterns = names.subList(90_000, 100_000).stream()
                .map(name -> name.replace("*", "\\*"))
                .toList();
        long chosen = assertTimeoutPreemptively(
                Duration.ofSeconds(30),
                () -> names.stream()
                        .filter(new NameFilter(patterns, List.of()).over(names))
                        .count());
        assertThat(chosen).isEqualTo(10_000);
    }

    @ParameterizedTest
    @ValueSource(strings = {"[a", "a{b", "a}b", "a\\", "[z-a]", "[]"})
    void refusesMalformedPatterns(String glob) {
        assertThatThrownBy(() -> new NameFilter(List.of(glob), List.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("malformed pattern");
    }
}
