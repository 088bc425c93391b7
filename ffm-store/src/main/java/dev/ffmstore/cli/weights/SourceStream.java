package dev.ffmstore.cli.weights;

import dev.ffmstore.gguf.Source;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;

/// A range of a source as a stream. The source stays open.
final class SourceStream extends InputStream {
    private final Source source;
    private final long end;
    private long next;

    SourceStream(Source source, long offset, long size) {
        this.source = source;
        this.next = offset;
        this.end = offset + size;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        if (length > 0 && next == end) {
            return -1;
        }
        int count = (int) Math.min(length, end - next);
        source.read(next, MemorySegment.ofArray(target).asSlice(offset, count));
        next += count;
        return count;
    }
}
