package dev.ffmstore.formats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafeFileNamesTest {
    @ParameterizedTest
    @CsvSource({
        "blk.0.attn_q.weight, blk.0.attn_q.weight.npy",
        "../x, %2E.%2Fx.npy",
        "., %2E.npy",
        "'', %.npy",
        "a b, a%20b.npy",
        "a%20b, a%2520b.npy",
        "ü, %C3%BC.npy",
        "c:\\x, c%3A%5Cx.npy",
        "con, %63on.npy",
        "'con.\n', %63on.%0A.npy",
        "NUL.weight, %4EUL.weight.npy",
        "Com1, %43om1.npy",
        "console, console.npy",
        "x., x..npy"
    })
    void whatIsNotSafeIsReplaced(String name, String file) {
        assertThat(new SafeFileNames().of(name, ".npy")).isEqualTo(file);
    }

    @Test
    void namesDifferInMoreThanCase() {
        SafeFileNames names = new SafeFileNames();
        assertThat(names.of("W", ".npy")).isEqualTo("W.npy");
        assertThat(names.of("w", ".npy")).isEqualTo("w~2.npy");
        assertThat(names.of("w~2", ".npy")).isEqualTo("w%7E2.npy");
        assertThat(names.of("W", ".npy")).isEqualTo("W~3.npy");
    }

    @Test
    void copiesAreCountedForEachStemAndExtension() {
        SafeFileNames names = new SafeFileNames();
        assertThat(names.of("w", "~2.npy")).isEqualTo("w~2.npy"); // takes what the copy of another would have got
        assertThat(names.of("w", ".npy")).isEqualTo("w.npy");
        assertThat(names.of("W", ".npy")).isEqualTo("W~3.npy");
        assertThat(names.of("w", ".bin")).isEqualTo("w.bin");
        assertThat(names.of("W", ".bin")).isEqualTo("W~2.bin");
        assertThat(names.of("w", ".NPY")).isEqualTo("w~4.NPY");
    }

    @Test
    void manyNamesThatDifferInCaseAloneAreNamedInTimeOfTheirNumber() {
        int count = 80_000;
        Set<String> folded = new HashSet<>();
        assertTimeoutPreemptively(Duration.ofSeconds(30), () -> {
            SafeFileNames names = new SafeFileNames();
            for (int cases = 0; cases < count; cases++) {
                folded.add(names.of(inCases("abcdefghijklmnopq", cases), ".npy").toLowerCase(Locale.ROOT));
            }
        });
        assertThat(folded).hasSize(count);
    }

    /// The word with the letter in upper case for each bit that is set.
    private static String inCases(String word, int cases) {
        StringBuilder name = new StringBuilder(word);
        for (int i = 0; i < word.length(); i++) {
            if ((cases >> i & 1) == 1) {
                name.setCharAt(i, Character.toUpperCase(word.charAt(i)));
            }
        }
        return name.toString();
    }

    @Test
    void longNamesAreCutAndStayDifferent() {
        SafeFileNames names = new SafeFileNames();
        String first = names.of("a/".repeat(64) + "1".repeat(1000), ".npy");
        String second = names.of("a/".repeat(64) + "1".repeat(1001), ".npy");
        assertThat(first).hasSize(184).matches("(a%2F)+a?%?2?F?~[0-9a-f]{16}\\.npy");
        assertThat(second).hasSize(184).isNotEqualTo(first);
    }

    @Property
    void everyNameIsOneHarmlessFileOfItsOwn(@ForAll List<String> tensors) {
        SafeFileNames names = new SafeFileNames();
        Set<String> folded = new HashSet<>();
        for (String tensor : tensors) {
            String file = names.of(tensor, ".npy");
            assertThat(file).matches("[A-Za-z0-9_%-][A-Za-z0-9_%~.-]*\\.npy").hasSizeLessThan(200);
            assertThat(folded.add(file.toLowerCase(Locale.ROOT))).isTrue();
        }
    }

    @Test
    void filesAreMadeInTheFolder(@TempDir Path folder) throws Exception {
        SafeFileNames names = new SafeFileNames();
        List<String> tensors =
                List.of("../escape", "/absolute", "a\0b", "l/".repeat(64), "..", "con", "CON", "x".repeat(5000));
        for (String tensor : tensors) {
            Path file = folder.resolve(names.of(tensor, ".npy"));
            assertThat(Files.createFile(file).toRealPath().getParent()).isEqualTo(folder.toRealPath());
        }
        try (var files = Files.list(folder)) {
            assertThat(files).hasSameSizeAs(tensors);
        }
    }
}
