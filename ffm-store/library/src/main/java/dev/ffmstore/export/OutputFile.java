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

/// A byte range of a file that several workers write, each of them a piece at a time.
///
/// The first worker opens the file, and the last one forces it to the disk and closes it: of a folder of many
/// files, only a few are open at a time.
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

    /// {@return a whole file that does not exist yet; long stretches of zeros are not written}
    ///
    /// @param shown the file's name in messages
    static OutputFile create(Path path, String shown, FileLayout layout) {
        return new OutputFile(path, shown, layout, 0, layout.size(), null);
    }

    /// {@return a byte range of a file that exists; every byte of the range is written}
    ///
    /// @param channel the file, which is closed when the whole range is written
    static OutputFile within(FileChannel channel, Path path, FileLayout layout, long from, long to) {
        return new OutputFile(path, path.toString(), layout, from, to, channel);
    }

    /// {@return the size of the range in bytes}
    long size() {
        return to - from;
    }

    /// {@return the number of pieces that the range has, 1 or more}
    long pieces() {
        return Math.max(1, Math.ceilDiv(size(), (long) BUFFER_BYTES));
    }

    /// Renders and writes a piece.
    ///
    /// @param index which piece, 0 to the number of pieces − 1
    /// @param buffer native memory of [FileExport#BUFFER_BYTES]
    /// @return the size of the piece in bytes
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
                channel.write(ByteBuffer.allocate(1), to - 1); // sets the size: what nobody writes is zero
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
