package dev.ffmstore.internal.names;

import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/// Finds those of many texts that another text starts with.
///
/// In the order of the alphabet everything between a text and a start of it has that start too. So the last of our
/// texts that is not after the other one has all the starts of the other one that are ours, as starts or as itself:
/// it is enough to know of each of our texts the longest one that it starts with. Immutable.
final class Prefixes<T> {
    private final TreeMap<String, Node<T>> nodes = new TreeMap<>();

    /// One of the texts.
    ///
    /// @param shorter the longest of the others that it starts with
    private record Node<T>(String text, T value, @Nullable Node<T> shorter) {}

    private Prefixes(Map<String, T> values) {
        Node<T> before = null;
        for (Map.Entry<String, T> entry : new TreeMap<>(values).entrySet()) {
            before = new Node<>(entry.getKey(), entry.getValue(), longestStart(before, entry.getKey()));
            nodes.put(entry.getKey(), before);
        }
    }

    /// {@return the texts that are the keys of a map, with their values}
    static <T> Prefixes<T> of(Map<String, T> values) {
        return new Prefixes<>(values);
    }

    /// Takes each of the texts that another one starts with, and its value; the longest is the first.
    void forEachStartOf(String text, BiConsumer<String, T> action) {
        Map.Entry<String, Node<T>> last = nodes.floorEntry(text);
        Node<T> node = last == null ? null : longestStart(last.getValue(), text);
        while (node != null) {
            action.accept(node.text(), node.value());
            node = node.shorter();
        }
    }

    /// {@return the longest text that another one starts with: this, or one that this starts with}
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
