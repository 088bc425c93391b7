package dev.ffmstore.internal.text;

import org.jspecify.annotations.Nullable;

/// A problem with a file, in the one form that all messages about files have:
///
/// ```text
/// FILE: what is wrong: offset=N, expected X, got Y
/// ```
///
/// Parts that do not apply are left out. Everything that comes from outside (the file's name, the values that are
/// put into the sentence, what was expected and what is there) is escaped here, and nowhere else: callers pass it
/// unescaped. Values longer than 200 characters are cut; the file's name is never cut. Immutable.
public final class Problem {
    private static final int MOST_CHARACTERS = 200;

    private final String text;
    private final boolean hasDetails;

    private Problem(String text, boolean hasDetails) {
        this.text = text;
        this.hasDetails = hasDetails;
    }

    /// {@return a problem with a file}
    ///
    /// @param file the file's name
    /// @param what what is wrong, without a full stop; each `{}` stands for the next of the values
    /// @param values what is put into the sentence
    public static Problem of(String file, String what, @Nullable Object... values) {
        return ofSentence(file, fill(what, values));
    }

    /// {@return a problem with a file, described by a sentence that [#fill] has made}
    public static Problem ofSentence(String file, String sentence) {
        return new Problem(Printable.escape(file) + ": " + sentence, false);
    }

    /// {@return a value that is already safe to print: it goes into a sentence as it is, neither escaped nor cut}
    ///
    /// @param text safe text, for example a sentence that was made here
    public static Object printable(String text) {
        return new Problem(text, false);
    }

    /// {@return a sentence with values, without the name of a file}
    ///
    /// @param sentence each `{}` stands for the next of the values
    /// @param values what is put into the sentence
    /// @throws IllegalArgumentException if there are more or fewer values than places for them
    public static String fill(String sentence, @Nullable Object... values) {
        StringBuilder filled = new StringBuilder();
        int from = 0;
        for (Object value : values) {
            int place = sentence.indexOf("{}", from);
            if (place < 0) {
                throw new IllegalArgumentException("more values than places: " + sentence);
            }
            filled.append(sentence, from, place).append(shown(value));
            from = place + 2;
        }
        if (sentence.indexOf("{}", from) >= 0) {
            throw new IllegalArgumentException("fewer values than places: " + sentence);
        }
        return filled.append(sentence, from, sentence.length()).toString();
    }

    /// {@return this problem, at a place in the file}
    ///
    /// @param offset in bytes from the start of the file
    public Problem at(long offset) {
        return with("offset=" + offset);
    }

    /// {@return this problem and what would have been right}
    ///
    /// @param expected if it is null, nothing is added
    public Problem expected(@Nullable Object expected) {
        return expected == null ? this : with("expected " + shown(expected));
    }

    /// {@return this problem and what is there}
    ///
    /// @param got if it is null, nothing is added
    public Problem got(@Nullable Object got) {
        return got == null ? this : with("got " + shown(got));
    }

    private Problem with(String detail) {
        return new Problem(text + (hasDetails ? ", " : ": ") + detail, true);
    }

    private static String shown(@Nullable Object value) {
        return value instanceof Problem made ? made.text : Printable.escape(String.valueOf(value), MOST_CHARACTERS);
    }

    /// {@return the message}
    @Override
    public String toString() {
        return text;
    }
}
