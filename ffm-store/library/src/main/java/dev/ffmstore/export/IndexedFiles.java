package dev.ffmstore.export;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Set;

/// The files that the index of a folder names.
///
/// ```text
/// { "weight_map": { NAME: "FILE", … } }                    every value of the field weight_map at the top
/// { "tensors": [ { "name": NAME, "file": "FILE", … }, … ] }  every field file of an object in an array
/// ```
///
/// All that matters of the JSON is which strings it has at these places. It is read front to back; its size, depth
/// and strings are limited, since the folder may not be an export at all.
final class IndexedFiles {
    private static final long MOST_BYTES = 100_000_000;
    private static final int MOST_DEPTH = 100;

    /// The longest string that can name a file, in bytes.
    private static final int MOST_CHARACTERS = 4096;

    /// Thrown where a file is no index.
    static final class NoIndexException extends IOException {
        private static final long serialVersionUID = 1L;

        NoIndexException(String message) {
            super(message);
        }
    }

    /// An object or array around what is read.
    private static final class Level {
        final boolean isObject;

        /// The name of the field that is being read, or was read last.
        String field = "";

        boolean expectsName;

        Level(boolean isObject) {
            this.isObject = isObject;
            this.expectsName = isObject;
        }
    }

    private final Reader json;
    private final Deque<Level> levels = new ArrayDeque<>();
    private final Set<String> paths;

    private IndexedFiles(Reader json, Set<String> paths) {
        this.json = json;
        this.paths = paths;
    }

    /// Removes the paths that an index names.
    ///
    /// @param paths relative to the index, with `/` between names
    /// @throws NoIndexException if the file is not JSON, as far as this is checked, or is too large
    static void removeNamed(Path index, Set<String> paths) throws IOException {
        if (Files.size(index) > MOST_BYTES) {
            throw new NoIndexException("it is larger than " + MOST_BYTES + " bytes");
        }
        try (BufferedReader reader = Files.newBufferedReader(index, StandardCharsets.ISO_8859_1)) {
            new IndexedFiles(reader, paths).read();
        }
    }

    private void read() throws IOException {
        boolean begun = false;
        for (int c = json.read(); c >= 0; c = json.read()) {
            if (!begun && !Character.isWhitespace(c)) {
                begun = true;
                if (c != '{') {
                    throw new NoIndexException("it is not a JSON object");
                }
            }
            read((char) c);
        }
        if (!begun || !levels.isEmpty()) {
            throw new NoIndexException("it ends early");
        }
    }

    private void read(char c) throws IOException {
        switch (c) {
            case '{', '[' -> {
                if (levels.size() == MOST_DEPTH) {
                    throw new NoIndexException("it is nested too deep");
                }
                levels.push(new Level(c == '{'));
            }
            case '}', ']' -> {
                if (levels.isEmpty() || levels.pop().isObject != (c == '}')) {
                    throw new NoIndexException("its brackets do not match");
                }
            }
            case ',' -> {
                Level level = levels.peek();
                if (level != null) {
                    level.expectsName = level.isObject;
                }
            }
            case '"' -> take(string());
            default -> {
                return; // numbers, words, blanks and colons
            }
        }
    }

    private void take(String text) throws NoIndexException {
        Level level = levels.peek();
        if (level == null) {
            throw new NoIndexException("it is not a JSON object");
        }
        if (level.expectsName) {
            level.expectsName = false;
            level.field = text;
        } else if (namesAFile(level)) {
            paths.remove(text);
        }
    }

    private boolean namesAFile(Level level) {
        if (!level.isObject) {
            return false;
        }
        Level around = levels.stream().skip(1).findFirst().orElse(null);
        if (around == null) {
            return false;
        }
        return around.isObject ? levels.size() == 2 && around.field.equals("weight_map") : level.field.equals("file");
    }

    /// {@return the string whose opening quote has been read; an empty one if it is too long to matter}
    private String string() throws IOException {
        StringBuilder bytes = new StringBuilder();
        for (int c = next(); c != '"'; c = next()) {
            if (bytes.length() <= MOST_CHARACTERS) {
                append(bytes, c == '\\' ? escaped() : c, c == '\\');
            } else if (c == '\\') {
                next();
            }
        }
        if (bytes.length() > MOST_CHARACTERS) {
            return "";
        }
        return new String(bytes.toString().getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
    }

    /// Appends a byte of UTF-8 as one character, or an escape, which is a UTF-16 unit, as the bytes that encode it.
    private static void append(StringBuilder bytes, int c, boolean isEscape) {
        if (isEscape && c >= 0x80) {
            for (byte b : Character.toString(c).getBytes(StandardCharsets.UTF_8)) {
                bytes.append((char) (b & 0xFF));
            }
        } else {
            bytes.append((char) c);
        }
    }

    private int escaped() throws IOException {
        int c = next();
        return switch (c) {
            case 'b' -> '\b';
            case 'f' -> '\f';
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'u' -> unit();
            default -> c;
        };
    }

    private int unit() throws IOException {
        int unit = 0;
        for (int i = 0; i < 4; i++) {
            int digit = Character.digit(next(), 16);
            if (digit < 0) {
                throw new NoIndexException("an escape in it is none");
            }
            unit = unit << 4 | digit;
        }
        return unit;
    }

    private int next() throws IOException {
        int c = json.read();
        if (c < 0) {
            throw new NoIndexException("it ends early");
        }
        return c;
    }
}
