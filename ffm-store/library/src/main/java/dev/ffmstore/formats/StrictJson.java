package dev.ffmstore.formats;

import dev.ffmstore.ModelException;
import dev.ffmstore.gguf.Source;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Reads one JSON document of an untrusted file, front to back through a small window. A key that occurs twice in
/// an object that is read, a value of another type than expected, or anything after the document is an error, with
/// a message of one line that names the file.
///
/// ```text
/// value   object │ array │ string │ number │ true │ false │ null      white space between tokens
/// string  "…" of UTF-8, escapes \" \\ \/ \b \f \n \r \t and \ u XXXX   no control characters, no lone surrogates
/// number  -? (0 │ 1-9 digits) (. digits)? (e │ E, + │ -, digits)?
/// ```
///
/// A value is read once, by the method of the type that is expected, or it is skipped. What is skipped must be
/// valid, but may have any length, and nothing of it is kept: a key that occurs twice in it is not noticed, and
/// does no harm, because neither value is read. Not shared between threads.
final class StrictJson {
    private static final int MOST_NUMBERS = 64;
    private static final int WINDOW_BYTES = 64 << 10;

    /// The longest string that can be read; one that is skipped may have any length.
    private static final int MOST_STRING_BYTES = 1 << 20;

    private static final int MOST_DEPTH = 1000;

    /// Takes one field of an object, and must read its value whole.
    @FunctionalInterface
    interface Field {
        void read(String name, StrictJson value) throws IOException;
    }

    /// Takes one element of an array, and must read it whole.
    @FunctionalInterface
    interface Element {
        void read(StrictJson value) throws IOException;
    }

    /// Reads the one value that a document is.
    @FunctionalInterface
    interface Body {
        void read(StrictJson json) throws IOException;
    }

    private final Source source;
    private final String document;
    private final long end;
    private final byte[] window;
    private long windowStart;
    private int windowLength;
    private int at;

    /// Where the value starts that is being read, or was read last.
    private long valueStart;

    private StrictJson(Source source, String document, long offset, long size) {
        this.source = source;
        this.document = document;
        this.end = offset + size;
        this.window = new byte[(int) Math.min(WINDOW_BYTES, size)];
        this.windowStart = offset;
        this.valueStart = offset;
    }

    /// Reads a document.
    ///
    /// @param source the file
    /// @param document the document's name in messages
    /// @param offset where the document starts in the file, in bytes
    /// @param size the size of the document in bytes
    /// @param body reads the one value that the document is
    static void read(Source source, String document, long offset, long size, Body body) throws IOException {
        StrictJson json = new StrictJson(source, document, offset, size);
        body.read(json);
        if (json.peekToken() >= 0) {
            throw json.problem("there is more after its end");
        }
    }

    /// Reads an object.
    void object(Field field) throws IOException {
        open('{', "an object");
        Set<String> names = new HashSet<>();
        for (boolean first = true; !closes('}', first); first = false) {
            if (peekToken() != '"') {
                throw invalid("expected the name of a field in quotes");
            }
            String name = string();
            if (!names.add(name)) {
                throw invalid("field {} occurs twice in an object", name);
            }
            take(':');
            field.read(name, this);
        }
    }

    /// Reads an array.
    void array(Element element) throws IOException {
        open('[', "an array");
        for (boolean first = true; !closes(']', first); first = false) {
            element.read(this);
        }
    }

    /// {@return the next value, a string}
    String string() throws IOException {
        open('"', "a string");
        long start = position();
        StringBuilder text = new StringBuilder();
        for (int c = character(); c >= 0; c = character()) {
            if (position() - start > MOST_STRING_BYTES) {
                throw problem("expected a string of " + MOST_STRING_BYTES + " bytes at most");
            }
            text.appendCodePoint(c);
        }
        return text.toString();
    }

    /// Skips a string of any length.
    void skipString() throws IOException {
        open('"', "a string");
        int c = character();
        while (c >= 0) {
            c = character();
        }
    }

    /// {@return the next value, an array of whole numbers, each 0 or more}
    List<Long> naturals() throws IOException {
        List<Long> numbers = new ArrayList<>();
        array(_ -> {
            if (numbers.size() == MOST_NUMBERS) {
                throw problem("expected at most " + MOST_NUMBERS + " numbers");
            }
            numbers.add(natural());
        });
        return numbers;
    }

    private long natural() throws IOException {
        int first = peekToken();
        valueStart = position();
        String number = first == '-' || isDigit(first) ? number() : "something else";
        try {
            long value = Long.parseLong(number);
            if (value >= 0) {
                return value;
            }
        } catch (NumberFormatException e) { // a fraction, no number, or larger than a long
            throw problem("expected a whole number from 0 to 2^63 - 1, got {}", number);
        }
        throw problem("expected a whole number from 0 to 2^63 - 1, got {}", number);
    }

    /// Skips a value of any type, at most 1,000 levels deep.
    void skip() throws IOException {
        Deque<Character> open = new ArrayDeque<>();
        do {
            boolean first = skipOne(open);
            while (!open.isEmpty() && closes(open.peek(), first)) {
                open.pop();
                first = false;
            }
            if (!open.isEmpty() && open.peek() == '}') {
                if (peekToken() != '"') {
                    throw invalid("expected the name of a field in quotes");
                }
                skipString();
                take(':');
            }
        } while (!open.isEmpty());
    }

    /// Skips a scalar, or opens an object or an array, and returns whether it opened one.
    private boolean skipOne(Deque<Character> open) throws IOException {
        int c = peekToken();
        valueStart = position();
        switch (c) {
            case '{', '[' -> {
                next();
                if (open.size() == MOST_DEPTH) {
                    throw invalid("nested more than " + MOST_DEPTH + " deep");
                }
                open.push(c == '{' ? '}' : ']');
                return true;
            }
            case '"' -> skipString();
            case 't' -> word("true");
            case 'f' -> word("false");
            case 'n' -> word("null");
            default -> {
                if (c != '-' && !isDigit(c)) {
                    throw invalid("expected a value");
                }
                number();
            }
        }
        return false;
    }

    private void word(String word) throws IOException {
        for (int i = 0; i < word.length(); i++) {
            if (next() != word.charAt(i)) {
                throw invalid("expected a value");
            }
        }
    }

    /// Reads a number as it is written. Of a long number only the beginning is kept, too long still for 64 bits.
    private String number() throws IOException {
        StringBuilder text = new StringBuilder();
        if (peek() == '-') {
            keep(text);
        }
        if (peek() == '0') {
            keep(text);
        } else {
            digits(text);
        }
        if (peek() == '.') {
            keep(text);
            digits(text);
        }
        if (peek() == 'e' || peek() == 'E') {
            keep(text);
            if (peek() == '+' || peek() == '-') {
                keep(text);
            }
            digits(text);
        }
        return text.toString();
    }

    private void digits(StringBuilder text) throws IOException {
        if (!isDigit(peek())) {
            throw invalid("malformed number");
        }
        while (isDigit(peek())) {
            keep(text);
        }
    }

    private void keep(StringBuilder text) throws IOException {
        char c = (char) next();
        if (text.length() < 40) {
            text.append(c);
        }
    }

    private static boolean isDigit(int c) {
        return c >= '0' && c <= '9';
    }

    /// {@return the next character of a string, or -1 at its end}
    private int character() throws IOException {
        int c = next();
        if (c == '"') {
            return -1;
        }
        if (c == '\\') {
            return escaped();
        }
        if (c < ' ') {
            throw invalid(c < 0 ? "ends inside a string" : "a control character in a string");
        }
        return c < 0x80 ? c : encoded(c);
    }

    /// Reads a character of two to four bytes.
    ///
    /// ```text
    /// 110xxxxx 10xxxxxx                     from U+0080 on
    /// 1110xxxx 10xxxxxx 10xxxxxx            from U+0800 on, no surrogates
    /// 11110xxx 10xxxxxx 10xxxxxx 10xxxxxx   from U+10000 to U+10FFFF
    /// ```
    private int encoded(int lead) throws IOException {
        int more = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
        int least = more == 1 ? 0x80 : more == 2 ? 0x800 : 0x10000;
        boolean valid = lead >= 0xC0 && lead < 0xF8;
        int c = lead & (0x3F >> more);
        for (int i = 0; valid && i < more; i++) {
            int b = next();
            valid = (b & 0xC0) == 0x80;
            c = (c << 6) | (b & 0x3F);
        }
        boolean surrogate = c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE;
        if (!valid || c < least || c > Character.MAX_CODE_POINT || surrogate) {
            throw invalid("a string is not UTF-8");
        }
        return c;
    }

    /// {@return the character that an escape stands for, after its backslash}
    private int escaped() throws IOException {
        int c = next();
        return switch (c) {
            case '"', '\\', '/' -> c;
            case 'b' -> '\b';
            case 'f' -> '\f';
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'u' -> escapedUnit();
            default -> throw invalid("unknown escape in a string");
        };
    }

    private int escapedUnit() throws IOException {
        char first = hexUnit();
        if (!Character.isSurrogate(first)) {
            return first;
        }
        if (Character.isHighSurrogate(first) && next() == '\\' && next() == 'u') {
            char second = hexUnit();
            if (Character.isLowSurrogate(second)) {
                return Character.toCodePoint(first, second);
            }
        }
        throw invalid("a lone surrogate in a string");
    }

    private char hexUnit() throws IOException {
        int unit = 0;
        for (int i = 0; i < 4; i++) {
            int c = next();
            int digit = c < 0 ? -1 : Character.digit((char) c, 16);
            if (digit < 0) {
                throw invalid("malformed escape in a string");
            }
            unit = unit << 4 | digit;
        }
        return (char) unit;
    }

    private void open(char bracket, String what) throws IOException {
        int c = peekToken();
        valueStart = position();
        if (c != bracket) {
            throw problem("expected " + what);
        }
        next();
    }

    /// Tells whether an object or an array ends here, and moves past its end, or past the comma before its next
    /// value.
    private boolean closes(char bracket, boolean first) throws IOException {
        if (peekToken() == bracket) {
            next();
            return true;
        }
        if (!first) {
            take(',');
        }
        return false;
    }

    private void take(char expected) throws IOException {
        if (peekToken() != expected) {
            throw invalid("expected '" + expected + "'");
        }
        next();
    }

    private int peekToken() throws IOException {
        int c = peek();
        while (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
            at++;
            c = peek();
        }
        return c;
    }

    private long position() {
        return windowStart + at;
    }

    private int peek() throws IOException {
        if (at == windowLength) {
            windowStart += at;
            at = 0;
            windowLength = (int) Math.min(window.length, end - windowStart);
            if (windowLength == 0) {
                return -1;
            }
            source.read(windowStart, MemorySegment.ofArray(window).asSlice(0, windowLength));
        }
        return window[at] & 0xFF;
    }

    private int next() throws IOException {
        int c = peek();
        if (c >= 0) {
            at++;
        }
        return c;
    }

    private ModelException invalid(String what, Object... values) {
        return ModelException.of(
                source.name(), "the " + document + " is not valid JSON: " + what + ", at byte " + position(), values);
    }

    /// {@return an exception about the value that is being read, or was read last}
    ///
    /// @param what what is wrong; each `{}` stands for the next of the values
    /// @param values what is put into the sentence
    ModelException problem(String what, Object... values) {
        return ModelException.of(
                source.name(), "the " + document + " is malformed at byte " + valueStart + ": " + what, values);
    }
}
