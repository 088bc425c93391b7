package dev.ffmstore.cli;

import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Sizes as people write them: `5GB`, `500 MiB`, `1000000`.
final class ByteCount {
    private static final Pattern FORM = Pattern.compile("([0-9]{1,18}) ?([A-Za-z]*)");

    private static final Map<String, Long> UNITS = Map.of(
            "", 1L,
            "B", 1L,
            "KB", 1_000L,
            "MB", 1_000_000L,
            "GB", 1_000_000_000L,
            "KIB", 1L << 10,
            "MIB", 1L << 20,
            "GIB", 1L << 30);

    private ByteCount() {}

    /// {@return the size in bytes}
    ///
    /// @throws IllegalArgumentException if the text is not a positive size, or one larger than a long holds
    static long parse(String text) {
        Matcher parts = FORM.matcher(text);
        Long unit = parts.matches() ? UNITS.get(parts.group(2).toUpperCase(Locale.ROOT)) : null;
        if (unit == null) {
            throw wrong(text);
        }
        try {
            long bytes = Math.multiplyExact(Long.parseLong(parts.group(1)), unit);
            if (bytes == 0) {
                throw wrong(text);
            }
            return bytes;
        } catch (ArithmeticException e) {
            throw wrong(text);
        }
    }

    private static IllegalArgumentException wrong(String text) {
        return new IllegalArgumentException("expected a size, such as 5GB or 500MiB, got " + text);
    }
}
