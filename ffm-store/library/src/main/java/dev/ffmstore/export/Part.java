package dev.ffmstore.export;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// One of several byte ranges of a file that different processes or machines write.
///
/// The ranges meet at multiples of 4096 bytes, so that no page of the file belongs to two of them. Together they
/// are the file; a file of few pages has parts that are empty.
///
/// @param number which part, 1 to `count`
/// @param count how many parts there are, 1 or more
public record Part(int number, int count) {
    private static final int PAGE_BYTES = 4096;
    private static final Pattern FORM = Pattern.compile("([0-9]{1,9})/([0-9]{1,9})");

    /// @throws IllegalArgumentException if there is no such part
    public Part {
        if (number < 1 || number > count) {
            throw new IllegalArgumentException("part: expected K/N with K from 1 to N, got " + number + "/" + count);
        }
    }

    /// {@return the part that a text `K/N` names}
    ///
    /// @throws IllegalArgumentException if the text names no part
    public static Part parse(String text) {
        Matcher numbers = FORM.matcher(text);
        if (!numbers.matches()) {
            throw new IllegalArgumentException("part: expected K/N, such as 1/3, got " + text);
        }
        return new Part(Integer.parseInt(numbers.group(1)), Integer.parseInt(numbers.group(2)));
    }

    /// {@return where the part starts in a file of a size, in bytes}
    public long from(long fileSize) {
        return boundary(number - 1, fileSize);
    }

    /// {@return where the part ends in a file of a size, in bytes}
    public long to(long fileSize) {
        return boundary(number, fileSize);
    }

    private long boundary(int parts, long fileSize) {
        long pages = Math.ceilDiv(fileSize, (long) PAGE_BYTES);
        long before = pages / count * parts + Math.min(parts, pages % count);
        return before == pages ? fileSize : before * PAGE_BYTES;
    }

    /// {@return the part as `K/N`}
    @Override
    public String toString() {
        return number + "/" + count;
    }
}
