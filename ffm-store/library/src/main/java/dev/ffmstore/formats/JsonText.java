package dev.ffmstore.formats;

import java.util.Map;
import java.util.stream.Collectors;

/// Strings as JSON writes them, for the few small documents that the library writes itself.
public final class JsonText {
    private JsonText() {}

    /// {@return the string in quotes, with only those characters escaped that must be escaped}
    public static String quote(String text) {
        StringBuilder json = new StringBuilder(text.length() + 2).append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                json.append('\\').append(c);
            } else if (c < ' ') {
                json.append(String.format("\\u%04x", (int) c));
            } else {
                json.append(c);
            }
        }
        return json.append('"').toString();
    }

    /// {@return an object, a line for each member}
    ///
    /// @param members names, and values that are JSON already
    static String object(Map<String, String> members) {
        return members.entrySet().stream()
                .map(member -> "  " + quote(member.getKey()) + ": " + member.getValue())
                .collect(Collectors.joining(",\n", "{\n", "\n}\n"));
    }
}
