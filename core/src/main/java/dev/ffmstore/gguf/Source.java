package dev.ffmstore.gguf;

import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/// Where the bytes of a model come from: a name, a size, an identity, and positional reads.
///
/// A source has no position of its own. Any number of threads may read at once, each into its own target; an
/// interrupt of one reading thread does not disturb the others. Whoever opens a source closes it.
public interface Source extends Closeable {

    /// What tells one state of a source from another: two reads that see the same identity saw the same bytes, as
    /// far as the system below can tell.
    ///
    /// @param size the size in bytes
    /// @param modified the time of the last modification, in whatever form the system gives it, or an entity tag
    /// @param key what names the object itself (device and inode of a local file), or an empty string
    record Identity(long size, String modified, String key) {}

    /// Opens a local regular file.
    ///
    /// @param path the file
    /// @return a source of its bytes; the caller closes it
    /// @throws java.nio.file.NoSuchFileException if there is no such file
    /// @throws IOException if it is not a regular file, or cannot be opened
    static Source of(Path path) throws IOException {
        return FileSource.open(path);
    }

    /// {@return the name that stands in messages; for a local file, its path as given}
    String name();

    /// {@return the size in bytes, as it was when the source was opened}
    long size();

    /// {@return what the source is now, asked anew}
    ///
    /// @throws IOException if it is gone, or cannot be asked
    Identity identity() throws IOException;

    /// Fills `target` with the bytes from `offset` on.
    ///
    /// @param offset the first byte to read, 0 ≤ `offset` ≤ `size()` − `target.byteSize()`
    /// @param target a native segment, or a heap segment over a `byte[]`; filled wholly, or in part where this
    /// throws
    /// @throws java.io.EOFException if the source ends earlier than it did when it was opened
    /// @throws java.nio.channels.ClosedByInterruptException if the calling thread is interrupted
    /// @throws IOException if reading fails
    /// @throws IndexOutOfBoundsException if the range does not lie within the source
    void read(long offset, MemorySegment target) throws IOException;
}
