package dev.ffmstore.cli;

import dev.ffmstore.InsufficientMemoryException;
import dev.ffmstore.internal.files.Reason;
import dev.ffmstore.internal.text.Printable;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/// Tells users about failures in one line, `ffm-store: FILE: reason`.
final class Failures {
    private static final String HEAP_REMEDY =
            "the JVM's heap is too small: try again with a larger one, such as FFM_STORE_OPTS=-Xmx256m";

    private Failures() {}

    /// Carries an error past picocli, which passes on only exceptions.
    static final class ErrorInCommand extends Exception {
        private static final long serialVersionUID = 1L;

        ErrorInCommand(Error cause) {
            super(cause);
        }
    }

    /// Prints what is wrong with the arguments, and returns the exit status.
    static int wrongUsage(ParameterException failure, String[] args) {
        CommandLine command = failure.getCommandLine();
        PrintWriter err = command.getErr();
        err.println("ffm-store: " + oneLine(failure.getMessage()));
        err.println("try: " + command.getCommandSpec().qualifiedName() + " --help");
        return Main.WRONG_USAGE;
    }

    /// Prints why a command failed, and returns the exit status.
    static int failed(Exception wrapped, CommandLine commandLine) {
        Throwable failure = wrapped instanceof ErrorInCommand ? wrapped.getCause() : wrapped;
        if (failure instanceof StandardOutput.LostException) {
            return Main.OK; // see notPrinted
        }
        PrintWriter err = commandLine.getErr();
        if (commandLine.getCommand() instanceof ReportingCommand command) {
            err.println(line(failure, command.subject(failure)));
            if (command.stacktrace) {
                failure.printStackTrace(err);
            }
        } else {
            err.println("ffm-store: " + oneLine(reason(failure)));
        }
        return Main.FAILED;
    }

    /// Prints why a result could not be printed, unless nobody wanted it, and returns the exit status.
    ///
    /// @param status the status of the command otherwise
    static int notPrinted(IOException failure, int status, PrintWriter err) {
        if (StandardOutput.isReaderGone(failure)) {
            return status;
        }
        err.println(line(Reason.cannotBeWritten(StandardOutput.NAME, failure), StandardOutput.NAME));
        return status == Main.OK ? Main.FAILED : status;
    }

    /// Prints that the heap is too small even to read the arguments, and returns the exit status.
    static int outOfMemory(OutOfMemoryError failure, PrintWriter err) {
        err.println("ffm-store: " + reason(failure));
        return Main.FAILED;
    }

    /// {@return the line that tells about a failure}
    ///
    /// @param subject the name of the file the command is about
    static String line(Throwable failure, String subject) {
        String file = Printable.escape(subject);
        if (failure instanceof FileSystemException e && e.getFile() != null) {
            file = Printable.escape(e.getFile());
        }
        return "ffm-store: " + file + ": " + oneLine(withoutFile(reason(failure), file));
    }

    private static String reason(Throwable failure) {
        return switch (failure) {
            case NoSuchFileException _ -> "no such file";
            case AccessDeniedException _ -> "permission denied";
            case FileAlreadyExistsException _ -> "is not a directory";
            case FileSystemException e when e.getReason() != null -> e.getReason();
            case FileSystemException e -> e.getClass().getSimpleName();
            case InsufficientMemoryException e when isHeap(e.getCause()) -> HEAP_REMEDY;
            case OutOfMemoryError e -> isHeap(e) ? HEAP_REMEDY : "out of memory: " + e.getMessage();
            case IOException e when e.getMessage() != null -> e.getMessage();
            case UnsupportedOperationException e when e.getMessage() != null -> e.getMessage();
            default -> "internal error: " + failure + " (" + ReportingCommand.STACKTRACE + " shows where)";
        };
    }

    private static boolean isHeap(@Nullable Throwable cause) {
        if (!(cause instanceof OutOfMemoryError)) {
            return false;
        }
        String message = cause.getMessage();
        return message == null || message.contains("heap") || message.contains("GC overhead");
    }

    /// Removes the file's name, with which the library's messages begin, so that it is not there twice.
    private static String withoutFile(String message, String file) {
        return message.startsWith(file + ": ") ? message.substring(file.length() + 2) : message;
    }

    /// Makes one line of a message: those of the system may hold anything.
    private static String oneLine(String message) {
        StringBuilder line = new StringBuilder(message.length());
        message.codePoints().forEach(c -> line.append(c == '\\' ? "\\" : Printable.escape(Character.toString(c))));
        return line.toString();
    }
}
