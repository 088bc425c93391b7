package dev.ffmstore.mlir;

import dev.ffmstore.internal.text.Problem;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// Thrown for an MLIR module, or a file that goes with it, that cannot be baked: it is malformed, truncated, or
/// does not fit the model.
///
/// The message has one form, `FILE: what is wrong: offset=N, expected X, got Y`; parts that do not apply are left
/// out. Text from files appears in it with control and bidirectional characters escaped.
public final class ModuleException extends IOException {
    private static final long serialVersionUID = 1L;

    private final long offset;

    private ModuleException(Problem problem, long offset) {
        super(problem.toString());
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
    static ModuleException at(
            String file, long offset, @Nullable Object expected, @Nullable Object got, String what, Object... values) {
        return new ModuleException(
                Problem.of(file, what, values).at(offset).expected(expected).got(got), offset);
    }

    /// {@return an exception for a module that is well-formed but cannot be baked as asked}
    ///
    /// @param file the name of the source
    /// @param what what is wrong, without a full stop; each `{}` stands for the next of the values
    /// @param values what is put into the sentence, as it is in the file
    static ModuleException of(String file, String what, Object... values) {
        return new ModuleException(Problem.of(file, what, values), -1);
    }

    /// {@return a name in quotes, for where a message shows nothing but the name}
    static String quoted(String name) {
        return '"' + name + '"';
    }

    /// {@return where in the file the problem is, in bytes from its start, or -1 if no single place is to blame}
    public long offset() {
        return offset;
    }
}
