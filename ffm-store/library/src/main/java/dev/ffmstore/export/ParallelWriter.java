package dev.ffmstore.export;

import dev.ffmstore.ProgressListener;
import dev.ffmstore.internal.files.Closing;
import dev.ffmstore.internal.pass.Pass;
import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;

/// Writes files with several workers, each of which renders 4 MiB from anywhere in one of the files, and writes
/// them to their place.
///
/// ```text
/// files     │ pieces 0 1 2 3 4 5 │ 6 7 │ 8 9 10 …   numbered through, taken off one counter
/// worker    │ buffer of 4 MiB, Renderer │
/// ```
final class ParallelWriter {
    private final List<OutputFile> files;
    private final long[] firstPieces;
    private final long pieces;

    /// @param files the files to be written
    ParallelWriter(List<OutputFile> files) {
        this.files = files;
        this.firstPieces = new long[files.size()];
        long count = 0;
        for (int i = 0; i < firstPieces.length; i++) {
            firstPieces[i] = count;
            count = Math.addExact(count, files.get(i).pieces());
        }
        this.pieces = count;
    }

    /// {@return how many of the workers that were asked for have something to do, 1 or more}
    int workers(int threads) {
        return Pass.useful(threads, pieces);
    }

    /// Writes and forces all files; see [Pass#run].
    ///
    /// @param pass does the work; what it did before counts as written
    /// @param progress is told of the bytes written
    /// @param totalBytes the number of bytes to be written in all
    void run(Pass pass, ProgressListener progress, long totalBytes) throws IOException {
        try (Closeable _ = () -> Closing.all(files)) {
            pass.run(pieces, this::newTask, done -> progress.progress(done, totalBytes));
        }
    }

    private Pass.Task newTask(Pass.Worker worker) {
        MemorySegment buffer = worker.arena().allocate(FileExport.BUFFER_BYTES, Long.BYTES);
        Renderer renderer = worker.own(new Renderer());
        return index -> {
            int found = Arrays.binarySearch(firstPieces, index);
            int file = found >= 0 ? found : -found - 2;
            worker.add(files.get(file).writePiece(index - firstPieces[file], renderer, buffer));
        };
    }
}
