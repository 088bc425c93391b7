package dev.ffmstore.internal.files;

import java.nio.file.FileSystemException;

/// Thrown if somebody else, in this process or another, is writing the target.
public final class TargetBusyException extends FileSystemException {
    private static final long serialVersionUID = 1L;

    TargetBusyException(String target) {
        super(target, null, "is being written by another export");
    }
}
