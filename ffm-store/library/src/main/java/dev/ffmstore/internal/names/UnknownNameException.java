package dev.ffmstore.internal.names;

import dev.ffmstore.internal.text.Problem;

/// Thrown for a model, or a tensor, that a convention of names does not know.
public final class UnknownNameException extends Exception {
    private static final long serialVersionUID = 1L;

    private final String sentence;

    private UnknownNameException(String sentence) {
        this.sentence = sentence;
    }

    /// @param what what is wrong; each `{}` stands for the next of the values
    /// @param values what is put into the sentence
    UnknownNameException(String what, Object... values) {
        this(Problem.fill(what, values));
    }

    /// {@return an exception of a sentence that is escaped already}
    static UnknownNameException ofSentence(String sentence) {
        return new UnknownNameException(sentence);
    }

    /// {@return a sentence that says what is wrong, escaped, without the name of a file}
    public String sentence() {
        return sentence;
    }

    @Override
    public String getMessage() {
        return sentence;
    }
}
