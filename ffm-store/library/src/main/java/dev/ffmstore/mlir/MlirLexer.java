package dev.ffmstore.mlir;

import dev.ffmstore.gguf.Source;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// The tokens of MLIR text, as far as finding resources needs them.
///
/// Comments (`//` to the end of the line) and white space separate tokens. Names with a sigil (`@main`, `%0`,
/// `#map`) and numbers (`4xf32`) are one token each, so that no part of one is taken for a word. Of a token's text,
/// only the first [#MAX_TEXT] bytes are kept: hex data of any size passes through the window of the cursor.
final class MlirLexer {
    /// The longest name that is accepted, in bytes.
    static final int MAX_TEXT = 4096;

    /// The kinds of tokens.
    enum Kind {
        /// `[A-Za-z_][A-Za-z0-9_$.]*`.
        WORD,
        STRING,
        /// `{-#`.
        METADATA_BEGIN,
        /// `#-}`.
        METADATA_END,
        /// Any other single character.
        SYMBOL,
        /// A name with a sigil, or a number.
        OTHER,
        END
    }

    private final ModuleCursor cursor;
    private final byte[] text = new byte[MAX_TEXT];
    private Kind kind = Kind.END;
    private long start;
    private long length;
    private int symbol;

    MlirLexer(Source source) {
        this.cursor = new ModuleCursor(source, 0, source.size());
    }

    boolean is(Kind expected) {
        return kind == expected;
    }

    boolean isSymbol(char expected) {
        return kind == Kind.SYMBOL && symbol == expected;
    }

    boolean isWord(String expected) {
        return kind == Kind.WORD && length == expected.length() && word().equals(expected);
    }

    /// {@return where the token starts in the file}
    long start() {
        return start;
    }

    /// {@return where the token ends in the file}
    long end() {
        return cursor.position();
    }

    /// {@return the length of a word, or of a string between its quotes, in bytes; escapes count as they are
    /// written}
    long length() {
        return length;
    }

    private String word() {
        return new String(text, 0, (int) length, StandardCharsets.US_ASCII);
    }

    /// {@return the name that is spelt by this word or string}
    ///
    /// @throws ModuleException if the token is neither, or is too long, or is not UTF-8
    String name(String what) throws ModuleException {
        if (kind != Kind.WORD && kind != Kind.STRING) {
            throw unexpected(what);
        }
        if (length > MAX_TEXT) {
            throw cursor.fail(start, MAX_TEXT + " bytes at most", length, "{} is too long", what);
        }
        if (kind == Kind.WORD) {
            return word();
        }
        return MlirString.unescape(text, (int) length)
                .orElseThrow(() -> cursor.fail(start, null, null, "{} is not a string of UTF-8", what));
    }

    /// {@return whether a word or string begins with a prefix}
    boolean startsWith(String prefix) {
        byte[] expected = prefix.getBytes(StandardCharsets.US_ASCII);
        return length >= expected.length && Arrays.equals(text, 0, expected.length, expected, 0, expected.length);
    }

    ModuleException unexpected(String expected) {
        String got = switch (kind) {
            case END -> "the end of the file";
            case SYMBOL -> Character.toString(symbol);
            case METADATA_BEGIN -> "{-#";
            case METADATA_END -> "#-}";
            case OTHER -> "a number, or a name with a sigil";
            case WORD, STRING -> new String(text, 0, (int) Math.min(length, 40), StandardCharsets.ISO_8859_1);
        };
        return cursor.fail(start, expected, got, "unexpected token");
    }

    /// {@return an exception about the module; see [ModuleException#at]}
    ModuleException fail(long offset, @Nullable Object expected, @Nullable Object got, String what) {
        return cursor.fail(offset, expected, got, what);
    }

    /// Moves on to the next token.
    void advance() throws IOException {
        skipSpace();
        start = cursor.position();
        length = 0;
        int first = cursor.next();
        switch (first) {
            case -1 -> kind = Kind.END;
            case 0 -> throw cursor.fail(start, "no zero bytes", null, "is not MLIR text, nor MLIR bytecode");
            case '"' -> string();
            case '{' -> {
                if (cursor.peek() == '-' && cursor.peek(1) == '#') {
                    two(Kind.METADATA_BEGIN);
                } else {
                    symbol(first);
                }
            }
            case '#' -> {
                if (cursor.peek() == '-' && cursor.peek(1) == '}') {
                    two(Kind.METADATA_END);
                } else {
                    sigil();
                }
            }
            case '@', '%', '!', '^' -> sigil();
            default -> {
                if (isDigit(first)) {
                    while (isWordPart(cursor.peek())) {
                        cursor.next();
                    }
                    kind = Kind.OTHER;
                } else if (isWordPart(first) && first != '$' && first != '.') {
                    word(first);
                } else {
                    symbol(first);
                }
            }
        }
    }

    private void symbol(int character) {
        kind = Kind.SYMBOL;
        symbol = character;
    }

    private void two(Kind token) throws IOException {
        cursor.next();
        cursor.next();
        kind = token;
    }

    private void sigil() throws IOException {
        for (int c = cursor.peek(); isWordPart(c) || c == '-'; c = cursor.peek()) {
            cursor.next();
        }
        kind = Kind.OTHER;
    }

    private void word(int first) throws IOException {
        keep(first);
        while (isWordPart(cursor.peek())) {
            keep(cursor.next());
        }
        kind = Kind.WORD;
    }

    private void string() throws IOException {
        while (true) {
            int c = cursor.next();
            if (c == '"') {
                kind = Kind.STRING;
                return;
            }
            if (c < 0 || c == '\n') {
                throw cursor.fail(start, null, null, "string without an end");
            }
            keep(c);
            if (c == '\\') {
                int escaped = cursor.next(); // a quote does not end the string here
                if (escaped < 0 || escaped == '\n') {
                    throw cursor.fail(start, null, null, "string without an end");
                }
                keep(escaped);
            }
        }
    }

    private void keep(int c) {
        if (length < MAX_TEXT) {
            text[(int) length] = (byte) c;
        }
        length++;
    }

    private void skipSpace() throws IOException {
        while (true) {
            int c = cursor.peek();
            if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
                cursor.next();
            } else if (c == '/' && cursor.peek(1) == '/') {
                while (c >= 0 && c != '\n') {
                    c = cursor.next();
                }
            } else {
                return;
            }
        }
    }

    /// Reads a tensor's type, starting at the word `tensor`. The next token is then the one after the type, or, if
    /// the type has an encoding, the one after the comma in it.
    ///
    /// @throws ModuleException if there is no tensor type
    TensorType tensorType() throws IOException {
        long at = start;
        advance();
        if (!isSymbol('<')) {
            throw unexpected("<");
        }
        StringBuilder inside = new StringBuilder();
        int depth = 0;
        while (true) {
            skipSpace();
            int c = cursor.next();
            if (c < 0) {
                throw cursor.endsInside("a tensor type");
            }
            if (c == '>' && depth == 0) {
                break;
            }
            if (inside.length() == MAX_TEXT) {
                throw cursor.fail(at, MAX_TEXT + " bytes at most", "more", "tensor type is too long");
            }
            inside.append((char) c);
            if (c == ',' && depth == 0) {
                inside.append(" …"); // an encoding, which no tensor of a model has
                break;
            }
            depth += c == '<' ? 1 : c == '>' ? -1 : 0;
        }
        advance();
        return TensorType.parse(inside.toString())
                .orElseThrow(() ->
                        cursor.fail(at, "tensor<4x4xf32> or the like", "tensor<" + inside + ">", "is no tensor type"));
    }

    private static boolean isDigit(int c) {
        return c >= '0' && c <= '9';
    }

    private static boolean isWordPart(int c) {
        return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || isDigit(c) || c == '_' || c == '$' || c == '.';
    }
}
