package dev.ffmstore.cli;

import dev.ffmstore.InsufficientMemoryException;
import dev.ffmstore.internal.text.Printable;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/// What a user reads of a failure: one line, `ffm-store: FILE: reason`.
final class Failures {
    private static final String HEAP_REMEDY = "the JVM's heap is too small: try again with FFM_STORE_OPTS=-Xmx256m";

    private Failures() {}

    /// Prints what is wrong with the arguments, and returns the exit status.
    static int wrongUsage(ParameterException failure, String[] args) {
        CommandLine command = failure.getCommandLine();
        PrintWriter err = command.getErr();
        err.println("ffm-store: " + oneLine(failure.getMessage()));
        err.println("try: " + command.getCommandSpec().qualifiedName() + " --help");
        return Main.WRONG_USAGE;
    }

    /// Prints why a command failed, and returns the exit status.
    static int failed(Exception failure, CommandLine commandLine) {
        PrintWriter err = commandLine.getErr();
        if (commandLine.getCommand() instanceof ReportingCommand command) {
            err.println(line(failure, command.subject()));
            if (command.stacktrace) {
                failure.printStackTrace(err);
            }
        } else {
            err.println("ffm-store: " + oneLine(reason(failure)));
        }
        return Main.FAILED;
    }

    /// Prints that the heap is too small, and returns the exit status.
    static int outOfMemory(OutOfMemoryError failure, PrintWriter err, String[] args) {
        err.println("ffm-store: " + HEAP_REMEDY);
        if (List.of(args).contains(ReportingCommand.STACKTRACE)) {
            failure.printStackTrace(err);
        }
        return Main.FAILED;
    }

    /// {@return the line}
    ///
    /// @param subject the name of the file the command is about
    static String line(Exception failure, String subject) {
        String file = Printable.escape(subject);
        if (failure instanceof FileSystemException e && e.getFile() != null) {
            file = Printable.escape(e.getFile());
        }
        return "ffm-store: " + file + ": " + oneLine(withoutFile(reason(failure), file));
    }

    private static String reason(Exception failure) {
        return switch (failure) {
            case NoSuchFileException _ -> "no such file";
            case AccessDeniedException _ -> "permission denied";
            case FileSystemException e when e.getReason() != null -> e.getReason();
            case InsufficientMemoryException e when isHeap(e.getCause()) -> HEAP_REMEDY;
            case IOException e when e.getMessage() != null -> e.getMessage();
            case UnsupportedOperationException e when e.getMessage() != null -> e.getMessage();
            default -> "internal error: " + failure + " (" + ReportingCommand.STACKTRACE + " shows where)";
        };
    }

    private static boolean isHeap(Throwable cause) {
        return cause instanceof OutOfMemoryError
                && (cause.getMessage() == null || cause.getMessage().contains("heap"));
    }

    /// The library's messages begin with the name of the file; it is not to stand there twice.
    private static String withoutFile(String message, String file) {
        return message.startsWith(file + ": ") ? message.substring(file.length() + 2) : message;
    }

    /// Messages of the system's own may hold anything.
    private static String oneLine(String message) {
        StringBuilder line = new StringBuilder(message.length());
        message.codePoints().forEach(c -> line.append(c == '\\' ? "\\" : Printable.escape(Character.toString(c))));
        return line.toString();
    }
}
