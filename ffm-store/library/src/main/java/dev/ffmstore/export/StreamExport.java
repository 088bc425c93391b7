package dev.ffmstore.export;

import dev.ffmstore.internal.files.Interrupts;
import dev.ffmstore.internal.files.Reason;
import dev.ffmstore.internal.text.Problem;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.List;

/// Renders a file from start to end into a channel, a buffer at a time.
///
/// @param options how the export is done: only the progress listener matters
public record StreamExport(ExportOptions options) {
    private static final int BUFFER_BYTES = 1 << 20;
    private static final long TICK_NANOS = 100_000_000;

    /// Writes the file; see [Exporter#stream].
    public ExportReport write(WritableByteChannel target, String name, FileLayout layout) throws IOException {
        return Interrupts.inOneForm(
                Problem.of(name, "export interrupted").toString(), () -> writeAll(target, name, layout));
    }

    private ExportReport writeAll(WritableByteChannel target, String name, FileLayout layout) throws IOException {
        long start = System.nanoTime();
        CopiedSources copied = new CopiedSources(List.of(new NamedLayout("stream", layout)));
        try (Arena arena = Arena.ofConfined();
                Renderer renderer = new Renderer()) {
            MemorySegment buffer = arena.allocate(BUFFER_BYTES, Long.BYTES);
            long told = start;
            for (long done = 0; done < layout.size(); ) {
                if (Thread.currentThread().isInterrupted()) {
                    throw new InterruptedIOException(
                            Problem.of(name, "export interrupted").toString());
                }
                MemorySegment bytes =
                        renderer.bytes(layout, done, buffer.asSlice(0, Math.min(BUFFER_BYTES, layout.size() - done)));
                writeFully(target, name, bytes.asByteBuffer());
                done += bytes.byteSize();
                if (System.nanoTime() - told > TICK_NANOS) {
                    told = System.nanoTime();
                    options.progress().progress(done, layout.size());
                }
            }
        }
        copied.checkUnchanged();
        options.progress().progress(layout.size(), layout.size());
        return new ExportReport(1, layout.size(), (System.nanoTime() - start) / 1e9, 1);
    }

    private static void writeFully(WritableByteChannel target, String name, ByteBuffer bytes) throws IOException {
        try {
            while (bytes.hasRemaining()) {
                target.write(bytes);
            }
        } catch (IOException e) {
            throw Reason.cannotBeWritten(name, e);
        }
    }
}
