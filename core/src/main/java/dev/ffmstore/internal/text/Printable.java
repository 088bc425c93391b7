package dev.ffmstore.internal.text;

/// Makes text from untrusted files safe to print.
public final class Printable {
    private Printable() {}

    /// {@return `text` with control, format (including bidi), private, unassigned and unpaired surrogate characters
    /// and line separators written as `\\u{…}`, and `\` as `\\`}
    public static String escape(String text) {
        int plain = 0;
        while (plain < text.length() && isPlain(text.charAt(plain))) {
            plain++;
        }
        if (plain == text.length()) {
            return text;
        }
        StringBuilder escaped = new StringBuilder(text.length() + 16).append(text, 0, plain);
        text.codePoints().skip(text.codePointCount(0, plain)).forEach(c -> {
            if (c == '\\') {
                escaped.append("\\\\");
            } else if (isHarmless(c)) {
                escaped.appendCodePoint(c);
            } else {
                escaped.append("\\u{").append(Integer.toHexString(c)).append('}');
            }
        });
        return escaped.toString();
    }

    /// {@return `text` escaped and, if it is longer than `limit` characters, cut there with an ellipsis}
    public static String escape(String text, int limit) {
        if (text.length() <= limit) {
            return escape(text);
        }
        int end = Character.isHighSurrogate(text.charAt(limit - 1)) ? limit - 1 : limit;
        return escape(text.substring(0, end)) + "…";
    }

    private static boolean isPlain(char c) {
        return c >= 0x20 && c < 0x7F && c != '\\';
    }

    private static boolean isHarmless(int codePoint) {
        return switch (Character.getType(codePoint)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> false;
            default -> true;
        };
    }
}
