package dev.ffmstore.internal.names;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Finds which of many patterns match a name, without trying each. A pattern has at most one `*`, which stands for
/// any characters.
///
/// Patterns without a star are looked up. The others are found by the text before the star, a prefix of the name,
/// and then by the text after it, which read backwards is a prefix of the name read backwards. Immutable.
final class RuleIndex {
    private final Map<String, List<Integer>> exact = new HashMap<>();
    private final Prefixes<Prefixes<List<Integer>>> starred;

    private RuleIndex(List<String> patterns) {
        Map<String, Map<String, List<Integer>>> sides = new HashMap<>();
        for (int i = 0; i < patterns.size(); i++) {
            String pattern = patterns.get(i);
            int star = pattern.indexOf('*');
            Map<String, List<Integer>> found =
                    star < 0 ? exact : sides.computeIfAbsent(pattern.substring(0, star), _ -> new HashMap<>());
            found.computeIfAbsent(star < 0 ? pattern : backwards(pattern.substring(star + 1)), _ -> new ArrayList<>())
                    .add(i);
        }
        Map<String, Prefixes<List<Integer>>> indexed = new HashMap<>();
        sides.forEach((before, after) -> indexed.put(before, Prefixes.of(after)));
        starred = Prefixes.of(indexed);
    }

    /// {@return an index of patterns, which it numbers from 0 on}
    static RuleIndex of(List<String> patterns) {
        return new RuleIndex(patterns);
    }

    /// {@return the numbers of the patterns that equal a name, in their order}
    List<Integer> exact(String name) {
        return exact.getOrDefault(name, List.of());
    }

    /// {@return the numbers of the patterns with a star that match a name, in their order}
    List<Integer> starred(String name) {
        List<Integer> matching = new ArrayList<>();
        String backwards = backwards(name);
        starred.forEachStartOf(
                name,
                (before, sides) -> sides.forEachStartOf(backwards, (after, rules) -> {
                    if (before.length() + after.length() <= name.length()) {
                        matching.addAll(rules);
                    }
                }));
        Collections.sort(matching);
        return matching;
    }

    /// Reverses a text, unlike a builder's reversal also inside surrogate pairs.
    private static String backwards(String text) {
        char[] characters = new char[text.length()];
        for (int i = 0; i < characters.length; i++) {
            characters[i] = text.charAt(characters.length - 1 - i);
        }
        return new String(characters);
    }
}
