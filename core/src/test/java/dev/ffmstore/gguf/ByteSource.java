package dev.ffmstore.gguf;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.ClosedChannelException;

/// A source over an array, which counts the bytes read.
public class ByteSource implements Source {
    public static final String NAME = "memory.gguf";

    private final byte[] bytes;
    private long bytesRead;
    private boolean closed;

    public ByteSource(byte[] bytes) {
        this.bytes = bytes;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public long size() {
        return bytes.length;
    }

    @Override
    public Identity identity() {
        return new Identity(bytes.length, "never", "");
    }

    @Override
    public void read(long offset, MemorySegment target) throws IOException {
        if (closed) {
            throw new ClosedChannelException();
        }
        MemorySegment.copy(MemorySegment.ofArray(bytes), JAVA_BYTE, offset, target, JAVA_BYTE, 0, target.byteSize());
        bytesRead += target.byteSize();
    }

    public long bytesRead() {
        return bytesRead;
    }

    public boolean isClosed() {
        return closed;
    }

    @Override
    public void close() throws IOException {
        closed = true;
    }
}
