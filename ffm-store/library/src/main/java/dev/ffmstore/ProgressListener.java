package dev.ffmstore;

/// Hears how far a load is.
@FunctionalInterface
public interface ProgressListener {

    /// Called now and then, a few times a second, and once at the end, always on the thread that asked for the
    /// load.
    ///
    /// An exception thrown here ends the load and is passed on.
    ///
    /// @param doneBytes dense bytes written so far, 0 to `totalBytes`, never falling
    /// @param totalBytes dense bytes in all
    void progress(long doneBytes, long totalBytes);
}
