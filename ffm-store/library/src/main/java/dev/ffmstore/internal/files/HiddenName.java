package dev.ffmstore.internal.files;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// Names of files and folders that are beside a target for a while: `.NAME.SUFFIX`.
///
/// File systems accept names of 255 bytes. If the target's name leaves no room for the suffix, it is cut, and a
/// digest of the whole name replaces the rest: `.START~DIGEST.SUFFIX`.
final class HiddenName {
    private static final int MOST_BYTES = 255;
    private static final int DIGEST_BYTES = 8;
    private static final String PARTIAL = ".ffm-store-partial";
    private static final String PARTS = ".ffm-store-parts";

    private HiddenName() {}

    /// {@return the folder in which a target grows}
    static Path partial(Path target) {
        return beside(target, PARTIAL);
    }

    /// {@return the file that says which parts of a target are written}
    static Path parts(Path target) {
        return beside(target, PARTS);
    }

    private static Path beside(Path target, String suffix) {
        String name = target.getFileName().toString();
        String whole = "." + name + suffix;
        return target.resolveSibling(bytes(whole) <= MOST_BYTES ? whole : shortened(name, suffix));
    }

    private static String shortened(String name, String suffix) {
        String end = "~" + digest(name) + suffix;
        int room = MOST_BYTES - 1 - bytes(end);
        StringBuilder start = new StringBuilder(".");
        for (int i = 0; i < name.length(); ) {
            String next = Character.toString(name.codePointAt(i));
            room -= bytes(next);
            if (room < 0) {
                break;
            }
            start.append(next);
            i += next.length();
        }
        return start + end;
    }

    private static int bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }

    private static String digest(String name) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(name.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest, 0, DIGEST_BYTES);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e); // every Java platform has it
        }
    }
}
