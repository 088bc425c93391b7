package dev.ffmstore.mlir;

import dev.ffmstore.internal.text.Printable;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// An MLIR module, or a file that goes with it, that cannot be baked: malformed, truncated, or not fitting the
/// model.
///
/// The message has one form, `FILE: what is wrong: offset=N, expected X, got Y`; its parts that do not apply are
/// left out. Text that comes from files stands in it with control and bidirectional characters escaped.
public final class ModuleException extends IOException {
    private static final long serialVersionUID = 1L;

    private final long offset;

    private ModuleException(String message, long offset) {
        super(message);
        this.offset = offset;
    }

    /// {@return an exception for something wrong at one place of a file}
    ///
    /// @param file the name of the source
    /// @param problem what is wrong, fit to print, without a full stop
    /// @param offset where in the file, in bytes from its start
    /// @param expected what would have been right, fit to print, or null
    /// @param got what is there, fit to print, or null
    public static ModuleException at(
            String file, String problem, long offset, @Nullable Object expected, @Nullable Object got) {
        StringBuilder message = new StringBuilder(Printable.escape(file));
        message.append(": ").append(problem).append(": offset=").append(offset);
        if (expected != null) {
            message.append(", expected ").append(expected);
        }
        if (got != null) {
            message.append(", got ").append(got);
        }
        return new ModuleException(message.toString(), offset);
    }

    /// {@return an exception for a module that is well-formed but cannot be baked as asked}
    ///
    /// @param file the name of the source
    /// @param problem what is wrong, fit to print, without a full stop
    public static ModuleException of(String file, String problem) {
        return new ModuleException(Printable.escape(file) + ": " + problem, -1);
    }

    /// {@return where in the file the problem is, in bytes from its start, or -1 where no single place is to blame}
    public long offset() {
        return offset;
    }
}
