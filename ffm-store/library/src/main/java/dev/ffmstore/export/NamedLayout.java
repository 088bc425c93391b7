package dev.ffmstore.export;

import dev.ffmstore.internal.text.Printable;
import java.util.Arrays;
import java.util.Set;

/// One file of an export that is a folder or has several parts.
///
/// @param path the file's path in the folder, with `/` between names; never absolute, and never leads out of the
/// folder
/// @param layout what the file is made of
public record NamedLayout(String path, FileLayout layout) {
    private static final Set<String> NO_NAMES = Set.of("", ".", "..");

    /// @throws IllegalArgumentException if the path is absolute, or a name in it is empty, `.` or `..`, or holds a
    /// backslash or NUL
    public NamedLayout {
        if (path.indexOf('\0') >= 0
                || path.indexOf('\\') >= 0
                || Arrays.stream(path.split("/", -1)).anyMatch(NO_NAMES::contains)) {
            throw new IllegalArgumentException(
                    "path of an exported file: expected names between /, got " + Printable.escape(path, 200));
        }
    }
}
