package dev.ffmstore.formats;

import dev.ffmstore.internal.text.Printable;
import java.io.IOException;

/// A file of weights that is malformed, or of a kind that is not read.
///
/// The message has one form, `FILE: what is wrong: expected X, got Y`; what comes from the file stands in it
/// escaped
/// and cut.
public final class WeightsException extends IOException {
    private static final long serialVersionUID = 1L;
    private static final int MOST_CHARACTERS = 200;

    private WeightsException(String message) {
        super(message);
    }

    /// {@return an exception}
    ///
    /// @param file the name of the file
    /// @param problem what is wrong, without a full stop
    static WeightsException of(String file, String problem) {
        return new WeightsException(Printable.escape(file) + ": " + problem);
    }

    /// {@return an exception}
    ///
    /// @param file the name of the file
    /// @param problem what is wrong
    /// @param expected what would have been right
    /// @param got what is there
    static WeightsException of(String file, String problem, Object expected, Object got) {
        return of(file, problem + ": expected " + expected + ", got " + shown(got));
    }

    /// {@return text of a file, fit to stand in a message}
    static String shown(Object text) {
        return Printable.escape(text.toString(), MOST_CHARACTERS);
    }
}
