package dev.ffmstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
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
    @ValueSource(strings = {"[a", "a{b", "a}b", "a\\", "[z-a]", "[]"})
    void refusesMalformedPatterns(String glob) {
        assertThatThrownBy(() -> new NameFilter(List.of(glob), List.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("malformed pattern");
    }
}
