package dev.ffmstore.internal.http;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The header `Content-Range` of a partial response: `bytes FIRST-LAST/SIZE`.
///
/// @param first the first byte
/// @param last the last byte, `first` or more
/// @param size the size of the whole file in bytes, more than `last`
record ContentRange(long first, long last, long size) {
    private static final Pattern FORM = Pattern.compile("bytes (\\d{1,18})-(\\d{1,18})/(\\d{1,18})");
    private static final Pattern EMPTY = Pattern.compile("bytes \\*/0+");

    /// {@return the range that a header states; empty if it states none, or not the size}
    static Optional<ContentRange> parse(String header) {
        Matcher matcher = FORM.matcher(header.strip());
        if (!matcher.matches()) {
            return Optional.empty();
        }
        ContentRange range = new ContentRange(
                Long.parseLong(matcher.group(1)), Long.parseLong(matcher.group(2)), Long.parseLong(matcher.group(3)));
        return range.first <= range.last && range.last < range.size ? Optional.of(range) : Optional.empty();
    }

    /// {@return whether the header of a response that no range fits says that the file is empty}
    static boolean isOfEmptyFile(String header) {
        return EMPTY.matcher(header.strip()).matches();
    }

    /// {@return the number of bytes}
    long length() {
        return last - first + 1;
    }

    @Override
    public String toString() {
        return "bytes " + first + "-" + last + "/" + size;
    }
}
