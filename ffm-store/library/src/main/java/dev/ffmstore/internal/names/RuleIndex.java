package dev.ffmstore.internal.names;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Finds those of many patterns that match a name, without trying each. A pattern has one `*` at most, which stands
/// for any characters.
///
/// Patterns without a star are looked up. The others are found by what stands before the star, and then by what
/// stands after it, read backwards: both times those are wanted that a text starts with. Immutable once it is
/// made.
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

    /// {@return the numbers of the patterns that are a name, in their order}
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

    /// Not the reversal of a builder, which keeps surrogate pairs as they are.
    private static String backwards(String text) {
        char[] characters = new char[text.length()];
        for (int i = 0; i < characters.length; i++) {
            characters[i] = text.charAt(characters.length - 1 - i);
        }
        return new String(characters);
    }
}
