package dev.ffmstore.internal.files;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.Objects;

/// Says in words why something could not be written, without the name of the file.
public final class Reason {
    private Reason() {}

    /// {@return an exception that names the target that cannot be written, and the reason}
    public static FileSystemException cannotBeWritten(String target, IOException failure) {
        FileSystemException named = new FileSystemException(target, null, "cannot be written: " + of(failure));
        named.initCause(failure);
        return named;
    }

    /// {@return the reason of a failure, without the name of the file}
    public static String of(IOException failure) {
        return switch (failure) {
            case AccessDeniedException _ -> "permission denied";
            case NoSuchFileException _ -> "no such folder";
            case FileAlreadyExistsException _ -> "it is there already";
            case ClosedByInterruptException _ -> "interrupted";
            case FileSystemException e when e.getReason() != null -> e.getReason();
            default ->
                Objects.requireNonNullElse(
                        failure.getMessage(), failure.getClass().getSimpleName());
        };
    }
}
