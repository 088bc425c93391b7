package dev.ffmstore.export;

import dev.ffmstore.internal.files.Reason;
import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// A byte range of a file that several workers write, each a piece of it at a time.
///
/// The worker that comes first opens the file, the one that is last forces it to the disk and closes it: a folder
/// of many files has few of them open.
final class OutputFile implements Closeable {
    private static final int BUFFER_BYTES = FileExport.BUFFER_BYTES;
    private static final int HOLE_BYTES = FileExport.HOLE_BYTES;
    private static final MemorySegment ZEROS = Arena.global().allocate(HOLE_BYTES);

    private final Path path;
    private final String shown;
    private final FileLayout layout;
    private final long from;
    private final long to;
    private final boolean fresh;
    private final AtomicLong left;
    private @Nullable FileChannel channel;

    private OutputFile(Path path, String shown, FileLayout layout, long from, long to, @Nullable FileChannel channel) {
        this.path = path;
        this.shown = shown;
        this.layout = layout;
        this.from = from;
        this.to = to;
        this.channel = channel;
        this.fresh = channel == null;
        this.left = new AtomicLong(pieces());
    }

    /// {@return a whole file that is not there yet; where it is zero for long, nothing is written}
    ///
    /// @param shown its name in messages
    static OutputFile create(Path path, String shown, FileLayout layout) {
        return new OutputFile(path, shown, layout, 0, layout.size(), null);
    }

    /// {@return a byte range of a file that is there; every byte of it is written}
    ///
    /// @param channel the file, which is closed when all is written
    static OutputFile within(FileChannel channel, Path path, FileLayout layout, long from, long to) {
        return new OutputFile(path, path.toString(), layout, from, to, channel);
    }

    /// {@return the size of the range in bytes}
    long size() {
        return to - from;
    }

    /// {@return how many pieces the range has, 1 or more}
    long pieces() {
        return Math.max(1, Math.ceilDiv(size(), (long) BUFFER_BYTES));
    }

    /// Renders and writes a piece.
    ///
    /// @param index which, 0 to the number of pieces − 1
    /// @param buffer of [FileExport#BUFFER_BYTES], native
    /// @return how many bytes it has
    long writePiece(long index, Renderer renderer, MemorySegment buffer) throws IOException {
        long start = from + index * BUFFER_BYTES;
        MemorySegment bytes = renderer.bytes(layout, start, buffer.asSlice(0, Math.min(BUFFER_BYTES, to - start)));
        try {
            FileChannel open = channel();
            if (fresh) {
                writeAroundZeros(open, bytes, start);
            } else {
                writeFully(open, bytes, start);
            }
            if (left.decrementAndGet() == 0) {
                open.force(true);
                open.close();
            }
        } catch (IOException e) {
            throw Reason.cannotBeWritten(shown, e);
        }
        return bytes.byteSize();
    }

    private synchronized FileChannel channel() throws IOException {
        if (channel == null) {
            channel = FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            if (to > 0) {
                channel.write(ByteBuffer.allocate(1), to - 1); // the size: what nobody writes to is zero
            }
        }
        return channel;
    }

    private static void writeAroundZeros(FileChannel channel, MemorySegment bytes, long offset) throws IOException {
        long size = bytes.byteSize();
        long start = 0;
        for (long at = 0; at < size; at += HOLE_BYTES) {
            long end = Math.min(size, at + HOLE_BYTES);
            if (isZero(bytes.asSlice(at, end - at))) {
                writeFully(channel, bytes.asSlice(start, at - start), offset + start);
                start = end;
            }
        }
        writeFully(channel, bytes.asSlice(start), offset + start);
    }

    private static boolean isZero(MemorySegment bytes) {
        return bytes.mismatch(ZEROS.asSlice(0, bytes.byteSize())) < 0;
    }

    private static void writeFully(FileChannel channel, MemorySegment bytes, long offset) throws IOException {
        ByteBuffer buffer = bytes.asByteBuffer();
        while (buffer.hasRemaining()) {
            channel.write(buffer, offset + buffer.position());
        }
    }

    /// Closes the file if an export that failed has left it open.
    @Override
    public synchronized void close() throws IOException {
        if (channel != null) {
            channel.close();
        }
    }
}
