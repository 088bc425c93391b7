package dev.ffmstore.formats;

/// Where the dense bytes of a constant are.
sealed interface Place {
    /// In a file, one behind the other.
    ///
    /// @param file the file
    /// @param offset the first of them, from the start of the file
    record InFile(StoredFile file, long offset) implements Place {}

    /// Nowhere: they are one pattern over and over.
    ///
    /// @param pattern the pattern, not to be changed
    @SuppressWarnings("ArrayRecordComponent") // compared by nobody
    record Splat(byte[] pattern) implements Place {}
}
