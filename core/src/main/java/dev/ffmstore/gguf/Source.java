package dev.ffmstore.gguf;

import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;

/// Where the bytes of a model come from: a name, a size, an identity, and positional reads.
///
/// A source has no position of its own. Any number of threads may read at once, each into its own target; an
/// interrupt of one reading thread does not disturb the others. Whoever opens a source closes it.
public interface Source extends Closeable {

    /// What tells one state of a source from another: two reads under the same identity see the same bytes, as far
    /// as the underlying system can tell.
    ///
    /// @param size the size in bytes
    /// @param modified the time of the last modification, in whatever form the system gives it, or an entity tag
    /// @param key names the object itself (device and inode of a local file), or is empty
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

    /// {@return the name of the source in messages; for a local file, its path as given}
    String name();

    /// {@return the size of the source in bytes, as it was when the source was opened}
    long size();

    /// {@return the identity of the source as it is now}
    ///
    /// @throws IOException if the source is gone, or cannot be queried
    Identity identity() throws IOException;

    /// {@return the identity of the source as it was when the source was opened; by default as it is now}
    ///
    /// @throws IOException if the source cannot be queried
    default Identity openedIdentity() throws IOException {
        return identity();
    }

    /// Fills `target` with the bytes starting at `offset`.
    ///
    /// @param offset the first byte to read, 0 ≤ `offset` ≤ `size()` − `target.byteSize()`
    /// @param target a native segment, or a heap segment over a `byte[]`; filled completely, or in part
    /// if this throws
    /// @throws java.io.EOFException if the source ends earlier than it did when it was opened
    /// @throws java.io.InterruptedIOException if the calling thread is interrupted, before or while this reads; its
    /// interrupt status stays set
    /// @throws IOException if reading fails
    /// @throws IndexOutOfBoundsException if the range is not inside the source
    void read(long offset, MemorySegment target) throws IOException;

    /// {@return the bytes of a range as memory, read-only and valid as long as this source, if the source has them
    /// in memory already (a loaded store, a mapped file); otherwise empty}
    ///
    /// @param offset the first byte, 0 ≤ `offset` ≤ `size()` − `size`
    /// @param size the size of the range in bytes
    /// @throws IndexOutOfBoundsException if the range is not inside the source
    default Optional<MemorySegment> view(long offset, long size) {
        Objects.checkFromIndexSize(offset, size, size());
        return Optional.empty();
    }
}
