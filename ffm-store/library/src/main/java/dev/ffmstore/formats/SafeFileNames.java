package dev.ffmstore.formats;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/// Turns names of tensors, whatever they hold, into names of files that every file system accepts, and that differ
/// even where upper and lower case are the same.
///
/// ASCII letters, digits, `_`, `-` and `.` stay; of everything else, the bytes of the UTF-8 form become `%XX`. So
/// does the first character if it is a dot, or if the name would be that of a device on Windows. A long name is cut
/// and ends with a digest of the whole; a name that is taken already gets `~2`, `~3` and so on.
///
/// For one thread; each object remembers the names that it has given.
final class SafeFileNames {
    private static final int MAX_STEM = 180;
    private static final int DIGEST_DIGITS = 16;
    private static final Pattern DEVICE = Pattern.compile("(?is)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\\..*)?");

    private final Set<String> taken = new HashSet<>();
    private final Map<Folded, Integer> nextCopies = new HashMap<>();

    /// The lower-case form of names that differ only in the number of their copy.
    private record Folded(String stem, String extension) {
        static Folded of(String stem, String extension) {
            return new Folded(stem.toLowerCase(Locale.ROOT), extension.toLowerCase(Locale.ROOT));
        }
    }

    /// {@return a name for a file, with an extension, that this object has not given before}
    ///
    /// @param name the name of a tensor, any text
    /// @param extension the extension, such as `.npy`, which is not changed
    public String of(String name, String extension) {
        String stem = shortened(escaped(name), name);
        String file = stem + extension;
        return take(file) ? file : copy(stem, extension);
    }

    private boolean take(String file) {
        return taken.add(file.toLowerCase(Locale.ROOT));
    }

    /// Makes the name of a copy. Numbers only grow, so that no number is tried twice for the same stem.
    private String copy(String stem, String extension) {
        Folded folded = Folded.of(stem, extension);
        int copy = nextCopies.getOrDefault(folded, 2);
        String file = stem + "~" + copy++ + extension;
        while (!take(file)) {
            file = stem + "~" + copy++ + extension;
        }
        nextCopies.put(folded, copy);
        return file;
    }

    private static String escaped(String name) {
        StringBuilder stem = new StringBuilder(name.length());
        boolean device = DEVICE.matcher(name).matches();
        for (byte b : name.getBytes(StandardCharsets.UTF_8)) {
            boolean first = stem.isEmpty();
            if (isSafe(b) && !(first && (device || b == '.'))) {
                stem.append((char) b);
            } else {
                stem.append(String.format("%%%02X", b & 0xFF));
            }
        }
        return stem.isEmpty() ? "%" : stem.toString();
    }

    private static boolean isSafe(byte b) {
        return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == '_' || b == '-' || b == '.';
    }

    private static String shortened(String stem, String name) {
        if (stem.length() <= MAX_STEM) {
            return stem;
        }
        return stem.substring(0, MAX_STEM - DIGEST_DIGITS - 1) + "~" + digest(name);
    }

    private static String digest(String name) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(name.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest, 0, DIGEST_DIGITS / 2);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e); // every Java platform has it
        }
    }
}
