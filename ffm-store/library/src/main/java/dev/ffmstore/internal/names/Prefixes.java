package dev.ffmstore.internal.names;

import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/// Finds which of many texts are prefixes of another text.
///
/// In alphabetical order, everything between a text and one of its prefixes has that prefix too. So the last of our
/// texts that is not after the other text has, as prefixes or as itself, all of our texts that are prefixes of the
/// other one: it is enough to know for each of our texts the longest of the others that is its prefix. Immutable.
final class Prefixes<T> {
    private final TreeMap<String, Node<T>> nodes = new TreeMap<>();

    /// One of the texts.
    ///
    /// @param shorter the longest of the other texts that is a prefix of this one
    private record Node<T>(String text, T value, @Nullable Node<T> shorter) {}

    private Prefixes(Map<String, T> values) {
        Node<T> before = null;
        for (Map.Entry<String, T> entry : new TreeMap<>(values).entrySet()) {
            before = new Node<>(entry.getKey(), entry.getValue(), longestStart(before, entry.getKey()));
            nodes.put(entry.getKey(), before);
        }
    }

    /// {@return an object of the texts that are the keys of a map, with their values}
    static <T> Prefixes<T> of(Map<String, T> values) {
        return new Prefixes<>(values);
    }

    /// Takes each text that is a prefix of another one, and its value, the longest first.
    void forEachStartOf(String text, BiConsumer<String, T> action) {
        Map.Entry<String, Node<T>> last = nodes.floorEntry(text);
        Node<T> node = last == null ? null : longestStart(last.getValue(), text);
        while (node != null) {
            action.accept(node.text(), node.value());
            node = node.shorter();
        }
    }

    /// {@return the node of the longest prefix of a text: this node, or one of a prefix of this node's text}
    private static <T> @Nullable Node<T> longestStart(@Nullable Node<T> node, String text) {
        int common = node == null ? 0 : common(node.text(), text);
        Node<T> start = node;
        while (start != null && start.text().length() > common) {
            start = start.shorter();
        }
        return start;
    }

    private static int common(String one, String other) {
        int most = Math.min(one.length(), other.length());
        int length = 0;
        while (length < most && one.charAt(length) == other.charAt(length)) {
            length++;
        }
        return length;
    }
}
