package dev.ffmstore;

import dev.ffmstore.internal.text.Problem;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// Thrown for a model that cannot be read, or not in the form that was asked for: a safetensors, `.irpa` or NPY
/// file that is malformed, a tensor that has no decoder, a convention of names that does not know the model. A
/// malformed GGUF file is a [dev.ffmstore.gguf.GgufException].
///
/// The message has one form, `FILE: what is wrong: expected X, got Y`; text that comes from files is escaped and
/// cut.
public final class ModelException extends IOException {
    private static final long serialVersionUID = 1L;

    private ModelException(Problem problem) {
        super(problem.toString());
    }

    /// {@return an exception that says what is wrong}
    ///
    /// @param file the name of the model or of one of its files
    /// @param what what is wrong, without a full stop; each `{}` stands for the next of the values
    /// @param values what is put into the sentence
    public static ModelException of(String file, String what, @Nullable Object... values) {
        return new ModelException(Problem.of(file, what, values));
    }

    /// {@return an exception of a sentence that is escaped already}
    static ModelException ofSentence(String file, String sentence) {
        return new ModelException(Problem.ofSentence(file, sentence));
    }

    /// {@return an exception that says what is wrong, and what would have been right}
    ///
    /// @param file the name of the model or of one of its files
    /// @param expected what would have been right
    /// @param got what is there
    /// @param what what is wrong, without a full stop; each `{}` stands for the next of the values
    /// @param values what is put into the sentence
    public static ModelException expected(
            String file, Object expected, Object got, String what, @Nullable Object... values) {
        return new ModelException(
                Problem.of(file, what, values).expected(expected).got(got));
    }
}
