package dev.ffmstore.gguf;

import dev.ffmstore.internal.text.Problem;
import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// A local file, read by positional reads of one shared channel.
///
/// An interrupt in the middle of a read closes the channel for everybody. The thread that was interrupted gets its
/// exception; the others open the file again, check that it is still the same one, and go on.
final class FileSource implements Source {
    /// The largest single read: a channel cannot read more than an int counts, and far below that larger reads gain
    /// nothing.
    private static final long MAX_READ_BYTES = 1L << 28;

    private final Path path;
    private final Identity opened;
    private volatile FileChannel channel;
    private volatile boolean closed;

    private FileSource(Path path, Identity opened, FileChannel channel) {
        this.path = path;
        this.opened = opened;
        this.channel = channel;
    }

    static FileSource open(Path path) throws IOException {
        Identity identity = identityOf(path);
        return new FileSource(path, identity, FileChannel.open(path, StandardOpenOption.READ));
    }

    private static Identity identityOf(Path path) throws IOException {
        BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
        if (!attributes.isRegularFile()) {
            throw new FileSystemException(
                    path.toString(), null, attributes.isDirectory() ? "is a directory" : "is not a regular file");
        }
        Object key = attributes.fileKey();
        return new Identity(
                attributes.size(), attributes.lastModifiedTime().toString(), key == null ? "" : key.toString());
    }

    @Override
    public String name() {
        return path.toString();
    }

    @Override
    public long size() {
        return opened.size();
    }

    @Override
    public Identity openedIdentity() {
        return opened;
    }

    @Override
    public Identity identity() throws IOException {
        return identityOf(path);
    }

    @Override
    public void read(long offset, MemorySegment target) throws IOException {
        long length = target.byteSize();
        Objects.checkFromIndexSize(offset, length, opened.size());
        if (Thread.currentThread().isInterrupted()) { // a read would close the channel for everybody
            throw interrupted(null);
        }
        for (long done = 0; done < length; ) {
            ByteBuffer chunk = target.asSlice(done, Math.min(length - done, MAX_READ_BYTES))
                    .asByteBuffer();
            done += readSome(chunk, offset + done);
        }
    }

    private int readSome(ByteBuffer chunk, long position) throws IOException {
        while (true) {
            FileChannel current = channel;
            try {
                int read = current.read(chunk, position);
                if (read < 0) {
                    throw new EOFException(Problem.of(name(), "ends early")
                            .expected(position + chunk.remaining() + " bytes at least")
                            .got(current.size())
                            .toString());
                }
                return read;
            } catch (ClosedChannelException e) {
                if (Thread.currentThread().isInterrupted()) {
                    throw interrupted(e);
                }
                if (closed) {
                    throw e;
                }
                reopen(current);
            }
        }
    }

    private InterruptedIOException interrupted(@Nullable ClosedChannelException cause) {
        InterruptedIOException failure = new InterruptedIOException(
                Problem.of(name(), "interrupted while being read").toString());
        failure.initCause(cause);
        return failure;
    }

    @SuppressWarnings("ReferenceEquality") // the channel that broke, or one that another thread has opened since
    private synchronized void reopen(FileChannel broken) throws IOException {
        if (closed) {
            throw new ClosedChannelException();
        }
        if (channel != broken) {
            return;
        }
        requireUnchanged(); // before opening as well: opening a FIFO would wait for its writer
        FileChannel again = FileChannel.open(path, StandardOpenOption.READ);
        try {
            requireUnchanged();
        } catch (IOException e) {
            again.close();
            throw e;
        }
        channel = again;
    }

    private void requireUnchanged() throws IOException {
        if (!identity().equals(opened)) {
            throw new IOException(
                    Problem.of(name(), "has changed while it was being read").toString());
        }
    }

    @Override
    public synchronized void close() throws IOException {
        closed = true;
        channel.close();
    }
}
