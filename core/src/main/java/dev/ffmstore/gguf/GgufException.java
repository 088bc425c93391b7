package dev.ffmstore.gguf;

import dev.ffmstore.internal.text.Problem;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// Thrown for a file that is not a GGUF file that this library reads: it is malformed, truncated, or of a kind that
/// is refused.
///
/// The message has one form, `FILE: what is wrong: offset=N, expected X, got Y`; parts that do not apply are left
/// out. Text from the file appears in it with control and bidirectional characters escaped.
public final class GgufException extends IOException {
    private static final long serialVersionUID = 1L;

    private final long offset;

    private GgufException(String message, long offset) {
        super(message);
        this.offset = offset;
    }

    /// {@return an exception for something wrong at one place in a file}
    ///
    /// @param file the name of the source
    /// @param offset where the problem is in the file, in bytes from its start
    /// @param expected what would have been right, or null
    /// @param got what is there, or null
    /// @param what what is wrong, without a full stop; each `{}` stands for the next of the values
    /// @param values what is put into the sentence, as it is in the file
    /// @throws IllegalArgumentException if there are more or fewer values than places for them
    public static GgufException at(
            String file, long offset, @Nullable Object expected, @Nullable Object got, String what, Object... values) {
        Problem problem =
                Problem.of(file, what, values).at(offset).expected(expected).got(got);
        return new GgufException(problem.toString(), offset);
    }

    /// {@return an exception for a file that is well-formed but cannot be used as asked}
    ///
    /// @param file the name of the source
    /// @param what what is wrong, without a full stop; each `{}` stands for the next of the values
    /// @param values what is put into the sentence, as it is in the file
    /// @throws IllegalArgumentException if there are more or fewer values than places for them
    public static GgufException of(String file, String what, Object... values) {
        return new GgufException(Problem.of(file, what, values).toString(), -1);
    }

    /// {@return where in the file the problem is, in bytes from its start, or -1 if no single place is to blame}
    public long offset() {
        return offset;
    }
}
