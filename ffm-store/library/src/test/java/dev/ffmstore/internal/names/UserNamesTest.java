package dev.ffmstore.internal.names;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import dev.ffmstore.gguf.ByteSource;
import dev.ffmstore.gguf.GgufFile;
import dev.ffmstore.gguf.GgufOptions;
import dev.ffmstore.gguf.Metadata;
import dev.ffmstore.gguf.Shape;
import dev.ffmstore.internal.gguf.GgufWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import net.jqwik.api.statistics.Statistics;
import org.junit.jupiter.api.Test;

class UserNamesTest {
    private static final int TENSORS = 20_000;
    private static final Metadata NO_METADATA = noMetadata();

    private static Metadata noMetadata() {
        try (GgufFile file = GgufFile.open(new ByteSource(new GgufWriter(3).header()), GgufOptions.defaults())) {
            return file.metadata();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// {@return the names that a table gives to each tensor}
    private static Map<String, List<String>> translate(List<String> lines, Collection<String> tensors)
            throws Exception {
        NameTable.Translation translation = UserNames.parse("table", lines)
                .forModel(new NameTable.Model(NO_METADATA, new LinkedHashSet<>(tensors)));
        Map<String, List<String>> translated = new LinkedHashMap<>();
        for (String tensor : tensors) {
            translated.put(
                    tensor,
                    translation.of(tensor, Shape.of(0)).outputs().getFirst().names());
        }
        return translated;
    }

    @Test
    void aLongTableIsReadAndAppliedInTimeOfItsLength() throws Exception {
        List<String> lines = new ArrayList<>();
        List<String> tensors = new ArrayList<>();
        for (int i = 0; i < TENSORS; i++) {
            String tensor = (i % 2 == 0 ? "blk." + i : "blk.attn_q." + i) + ".weight";
            tensors.add(tensor);
            for (int copy = 0; copy < 6; copy++) {
                lines.add(tensor + " = " + i + "/" + copy);
            }
            lines.add(tensor.replace(".weight", ".*") + " = by prefix/*/" + i);
            lines.add(tensor.replace("blk", "*") + " = by suffix/*/" + i);
        }
        assertThat(lines).hasSize(160_000);
        Map<String, List<String>> translated =
                assertTimeoutPreemptively(Duration.ofSeconds(60), () -> translate(lines, tensors));
        assertThat(translated).hasSize(TENSORS);
        assertThat(translated.get("blk.attn_q.7.weight")).containsExactly("7/0", "7/1", "7/2", "7/3", "7/4", "7/5");
    }

    @Test
    void linesWithStarsAreFoundByBothSides() throws Exception {
        List<String> lines = new ArrayList<>();
        List<String> tensors = new ArrayList<>();
        for (int i = 0; i < TENSORS; i++) {
            tensors.add(i + ".weight." + i);
            lines.add("*." + i + " = suffix " + i + " *");
            lines.add(i + ".* = prefix " + i + " *");
            lines.add(i + ".*." + i + " = both " + i + " *");
        }
        Map<String, List<String>> translated =
                assertTimeoutPreemptively(Duration.ofSeconds(60), () -> translate(lines, tensors));
        assertThat(translated.get("4321.weight.4321"))
                .containsExactly("suffix 4321 4321.weight", "prefix 4321 weight.4321", "both 4321 weight");
    }

    @Test
    void longNamesAgainstLongLinesTakeNoTimeOfTheirProduct() throws Exception {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < 2_000; i++) {
            lines.add("a".repeat(i) + "!*" + "a".repeat(2_000 - i) + " = " + i + "*"); // all just off
            lines.add("a".repeat(i) + "*" + "!a" + "a".repeat(2_000 - i) + " = " + i + "*");
        }
        List<String> tensors = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            tensors.add("a".repeat(20_000 + i));
        }
        assertThatThrownBy(() -> assertTimeoutPreemptively(Duration.ofSeconds(60), () -> translate(lines, tensors)))
                .isInstanceOf(UnknownNameException.class)
                .hasMessageContaining("no tensor matches !*aaa");
    }

    @Test
    void theFirstLineThatMatchesNothingIsNamed() {
        List<String> lines = List.of("a = b", "x* = y*", "none = x", "nor* = *");
        assertThatThrownBy(() -> translate(lines, List.of("a", "xa")))
                .isInstanceOf(UnknownNameException.class)
                .hasMessageContaining("no tensor matches none of the names in table");
        assertThatThrownBy(() -> translate(List.of("aa*a = *"), List.of("aa")))
                .isInstanceOf(UnknownNameException.class)
                .hasMessageContaining("no tensor matches aa*a");
    }

    @Test
    void linesWhoseWinnerIsExactHaveMatchedAllTheSame() throws Exception {
        assertThat(translate(List.of("a* = x*", "a = b"), List.of("a"))).containsEntry("a", List.of("b"));
    }

    @Provide
    static Arbitrary<List<String>> tables() {
        Arbitrary<String> side = Arbitraries.strings().withChars("abé").ofMaxLength(3);
        Arbitrary<String> exact = Combinators.combine(side, side)
                .filter((stored, renamed) -> !stored.isEmpty() && !renamed.isEmpty())
                .as((stored, renamed) -> stored + " = " + renamed);
        Arbitrary<String> starred = Combinators.combine(side, side, side, side)
                .as((before, after, first, last) -> before + "*" + after + " = " + first + "*" + last);
        return Arbitraries.frequencyOf(Tuple.of(1, exact), Tuple.of(3, starred))
                .list()
                .uniqueElements()
                .ofMaxSize(8);
    }

    @Provide
    static Arbitrary<List<String>> tensors() {
        return Arbitraries.strings()
                .withChars("abé")
                .ofMinLength(1)
                .ofMaxLength(6)
                .list()
                .uniqueElements()
                .ofMinSize(1)
                .ofMaxSize(8);
    }

    @Property
    void translatesAsATableThatIsReadLineByLine(
            @ForAll("tables") List<String> lines, @ForAll("tensors") List<String> tensors) throws Exception {
        Optional<String> unmatched = lines.stream()
                .filter(line ->
                        tensors.stream().allMatch(tensor -> apply(line, tensor).isEmpty()))
                .findFirst();
        Statistics.collect(unmatched.isPresent() ? "refused" : "translated");
        if (unmatched.isPresent()) {
            assertThatThrownBy(() -> translate(lines, tensors))
                    .isInstanceOf(UnknownNameException.class)
                    .hasMessageContaining("no tensor matches " + unmatched.get().split(" = ")[0] + " of the names");
            return;
        }
        Map<String, List<String>> expected = new LinkedHashMap<>();
        for (String tensor : tensors) {
            Set<String> exact = names(lines, tensor, false);
            Set<String> names = exact.isEmpty() ? names(lines, tensor, true) : exact;
            expected.put(tensor, names.isEmpty() ? List.of(tensor) : List.copyOf(names));
        }
        assertThat(translate(lines, tensors)).isEqualTo(expected);
    }

    private static Set<String> names(List<String> lines, String tensor, boolean starred) {
        Set<String> names = new LinkedHashSet<>();
        for (String line : lines) {
            if (line.contains("*") == starred) {
                apply(line, tensor).ifPresent(names::add);
            }
        }
        return names;
    }

    /// {@return what a line makes of a name, if it matches}
    private static Optional<String> apply(String line, String tensor) {
        String[] sides = line.split(" = ", -1);
        String[] stored = sides[0].split("\\*", -1);
        if (stored.length == 1) {
            return tensor.equals(stored[0]) ? Optional.of(sides[1]) : Optional.empty();
        }
        int most = tensor.length() - stored[1].length();
        return most >= stored[0].length() && tensor.startsWith(stored[0]) && tensor.endsWith(stored[1])
                ? Optional.of(sides[1].replace("*", tensor.substring(stored[0].length(), most)))
                : Optional.empty();
    }
}
