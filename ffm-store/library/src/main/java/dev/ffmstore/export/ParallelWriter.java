package dev.ffmstore.export;

import dev.ffmstore.ProgressListener;
import dev.ffmstore.internal.pass.Workers;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/// Writes files by several workers, each of which renders 4 MiB of one of them, wherever that is, and writes it
/// there.
///
/// ```text
/// files     │ pieces 0 1 2 3 4 5 │ 6 7 │ 8 9 10 …   numbered through, taken off one counter
/// worker    │ buffer of 4 MiB, Renderer │
/// ```
final class ParallelWriter {
    private final ConstantSource source;
    private final List<OutputFile> files;
    private final long[] firstPieces;
    private final long pieces;
    private final AtomicLong doneBytes = new AtomicLong();

    /// @param files what is to be written
    ParallelWriter(ConstantSource source, List<OutputFile> files) {
        this.source = source;
        this.files = files;
        this.firstPieces = new long[files.size()];
        long count = 0;
        for (int i = 0; i < firstPieces.length; i++) {
            firstPieces[i] = count;
            count = Math.addExact(count, files.get(i).pieces());
        }
        this.pieces = count;
    }

    /// {@return how many of the workers asked for have something to do, 1 or more}
    int workers(int threads) {
        return Workers.useful(threads, pieces);
    }

    /// Writes and forces all files; see [Workers#run].
    ///
    /// @param before bytes that were written before
    /// @param totalBytes bytes to be written in all
    void run(int threads, ProgressListener progress, long before, long totalBytes) throws Exception {
        try (Arena arena = Arena.ofShared()) {
            Workers.run(
                    threads,
                    pieces,
                    () -> new Task(arena),
                    () -> progress.progress(before + doneBytes.get(), totalBytes));
        } finally {
            closeAll();
        }
    }

    private void closeAll() throws IOException {
        for (OutputFile file : files) {
            file.close();
        }
    }

    private final class Task implements Workers.Task {
        private final MemorySegment buffer;
        private final Renderer renderer;

        Task(Arena arena) {
            buffer = arena.allocate(FileExport.BUFFER_BYTES, Long.BYTES);
            renderer = new Renderer(source);
        }

        @Override
        public void run(long index) throws IOException {
            int found = Arrays.binarySearch(firstPieces, index);
            int file = found >= 0 ? found : -found - 2;
            doneBytes.addAndGet(files.get(file).writePiece(index - firstPieces[file], renderer, buffer));
        }

        @Override
        public void close() {
            renderer.close();
        }
    }
}
