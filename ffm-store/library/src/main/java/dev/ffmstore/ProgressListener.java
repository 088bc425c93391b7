package dev.ffmstore;

/// Is told how far a load or an export has come.
@FunctionalInterface
public interface ProgressListener {

    /// Called a few times a second, and once at the end, always on the thread that asked for the work.
    ///
    /// An exception thrown here ends the work and is passed on.
    ///
    /// @param doneBytes bytes written so far (dense ones in a load), 0 to `totalBytes`, never falling
    /// @param totalBytes bytes to be written in all
    void progress(long doneBytes, long totalBytes);
}
