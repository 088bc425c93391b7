package dev.ffmstore.cli.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LayerChartTest {
    @ParameterizedTest
    @CsvSource({
        "blk.7.attn_q.weight, blk.*.attn_q.weight, 7",
        "7.w, *.w, 7",
        "0007.w, *.w, 7",
        "a.12345.6.w, a.12345.*.w, 6",
        "a.7b.8.w, a.7b.*.w, 8",
        "a.7.8.w, a.*.8.w, 7",
        "a.7.., a.*.., 7",
        "..9999..w, ..*..w, 9999",
        "a.7.8, a.*.8, 7",
    })
    void theLayerIsTheFirstNumberBetweenDots(String name, String kind, int layer) {
        assertThat(LayerChart.OfName.of(name)).contains(new LayerChart.OfName(kind, layer));
    }

    @ParameterizedTest
    @CsvSource({
        "''",
        "w",
        "7",
        "7.",
        "a.7",
        "a.7.",
        "a.b.c",
        "a.12345.b",
        "a.-7.b",
        "a.٧.b",
        "a. 7.b",
        ".",
        "...",
        "a..b"
    })
    void aNameWithoutALayerHasNone(String name) {
        assertThat(LayerChart.OfName.of(name)).isEmpty();
    }

    @Test
    void longNamesAreNoTrouble() {
        String dots = ".".repeat(450_000);
        assertThat(LayerChart.OfName.of(dots)).isEmpty();
        assertThat(LayerChart.OfName.of("a.b".repeat(450_000))).isEmpty();
        assertThat(LayerChart.OfName.of("7".repeat(450_000) + ".w")).isEmpty();
        assertThat(LayerChart.OfName.of(dots + "7.w")).contains(new LayerChart.OfName(dots + "*.w", 7));
    }

    @Test
    void everyShortNameIsParsedAsARegularExpressionDoes() {
        Pattern regex = Pattern.compile("((?:[^.]*+\\.)*?)([0-9]{1,4})\\.(.++)");
        char[] alphabet = {'.', 'a', '0', '7'};
        for (int length = 0; length <= 7; length++) {
            for (int number = 0; number < 1 << 2 * length; number++) {
                StringBuilder name = new StringBuilder();
                for (int i = 0; i < length; i++) {
                    name.append(alphabet[number >> 2 * i & 3]);
                }
                Matcher matcher = regex.matcher(name);
                Optional<LayerChart.OfName> expected = matcher.matches()
                        ? Optional.of(new LayerChart.OfName(
                                matcher.group(1) + "*." + matcher.group(3), Integer.parseInt(matcher.group(2))))
                        : Optional.empty();
                assertThat(LayerChart.OfName.of(name.toString())).as("%s", name).isEqualTo(expected);
            }
        }
    }
}
