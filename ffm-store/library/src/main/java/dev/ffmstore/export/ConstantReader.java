package dev.ffmstore.export;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/// Reads constants of one source. For one thread, which owns its buffers: some 512 KiB, off-heap.
public interface ConstantReader extends AutoCloseable {
    /// Fills a segment with a byte range of a constant.
    ///
    /// @param constant one of the source's
    /// @param offset where the range starts in the constant's dense bytes; any, elements may be cut
    /// @param target filled whole; native
    /// @throws IOException if the model cannot be read, or has changed
    /// @throws IndexOutOfBoundsException if the range is not inside the constant
    void read(Constant constant, long offset, MemorySegment target) throws IOException;

    /// Frees the buffers.
    @Override
    void close();
}
