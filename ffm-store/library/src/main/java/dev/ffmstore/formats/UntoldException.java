package dev.ffmstore.formats;

import dev.ffmstore.internal.text.Problem;
import org.jspecify.annotations.Nullable;

/// Thrown where metadata does not say what a tokenizer of transformers is made of. The message is a sentence,
/// escaped.
final class UntoldException extends Exception {
    private static final long serialVersionUID = 1L;

    /// @param what why; each `{}` stands for the next of the values
    UntoldException(String what, @Nullable Object... values) {
        super(Problem.fill(what, values));
    }
}
