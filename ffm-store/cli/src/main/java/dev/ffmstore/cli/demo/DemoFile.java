package dev.ffmstore.cli.demo;

import dev.ffmstore.ProgressListener;
import dev.ffmstore.gguf.TensorInfo;
import dev.ffmstore.internal.files.Existing;
import dev.ffmstore.internal.files.TargetBusyException;
import dev.ffmstore.internal.files.Transaction;
import dev.ffmstore.internal.pass.Pass;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Writes a [DemoModel] to a file with several workers, each of which has a small buffer.
public final class DemoFile {
    private static final long SEED = 0x66_66_6D_73_74_6F_72_65L;

    /// The number of blocks of a piece. The bytes depend on it, since each piece has random numbers of its own.
    private static final long PIECE_BLOCKS = 4096;

    private static final long PAUSE_MILLIS = 100;

    private static final long MOST_PIECE_BYTES = PIECE_BLOCKS * 210;

    /// Some consecutive blocks of a tensor.
    private record Piece(TensorInfo tensor, long firstBlock, long blockCount) {
        long offset() {
            return tensor.offset() + firstBlock * tensor.type().blockBytes();
        }

        long byteSize() {
            return blockCount * tensor.type().blockBytes();
        }
    }

    private final DemoModel model;
    private final List<Piece> pieces = new ArrayList<>();

    private DemoFile(DemoModel model) {
        this.model = model;
        for (TensorInfo tensor : model.tensors()) {
            for (long first = 0; first < tensor.blockCount(); first += PIECE_BLOCKS) {
                pieces.add(new Piece(tensor, first, Math.min(PIECE_BLOCKS, tensor.blockCount() - first)));
            }
        }
    }

    /// {@return whether a file exists that has the model's size and its whole header, including tensor infos}
    public static boolean isWritten(Path path, DemoModel model) throws IOException {
        if (!Files.isRegularFile(path) || Files.size(path) != model.fileSize()) {
            return false;
        }
        byte[] expected = model.header();
        try (var stream = Files.newInputStream(path)) {
            return Arrays.equals(stream.readNBytes(expected.length), expected);
        }
    }

    /// Writes the file under another name, and gives it its own name when it is complete.
    ///
    /// If somebody else is writing the file, this waits until it is written, or until nobody is writing it any
    /// more.
    ///
    /// @param path the file; its folder must exist
    /// @param model the model to write
    /// @param threads the number of workers
    /// @param progress is told of the bytes written
    public static void write(Path path, DemoModel model, int threads, ProgressListener progress) throws Exception {
        while (!isWritten(path, model)) {
            try (Transaction transaction = Transaction.begin(path, Transaction.Kind.FILE, Existing.REPLACE)) {
                if (!isWritten(path, model)) {
                    writeOutput(transaction.output(), model, threads, progress);
                    transaction.commit();
                }
                return;
            } catch (TargetBusyException e) {
                Thread.sleep(PAUSE_MILLIS);
            }
        }
    }

    private static void writeOutput(Path output, DemoModel model, int threads, ProgressListener progress)
            throws Exception {
        try (FileChannel channel = FileChannel.open(output, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            new DemoFile(model).write(channel, threads, progress);
            channel.force(true);
        }
    }

    private void write(FileChannel channel, int threads, ProgressListener progress) throws Exception {
        writeFully(channel, ByteBuffer.wrap(model.header()), 0);
        new Pass(threads, "writing interrupted")
                .run(
                        pieces.size(),
                        worker -> newTask(channel, worker),
                        done -> progress.progress(done, model.fileSize()));
        channel.truncate(model.fileSize());
        // the sizes of all tensors are multiples of the alignment, so that the last one needs no padding
        if (channel.size() != model.fileSize()) {
            throw new IllegalStateException("expected " + model.fileSize() + " bytes, got " + channel.size());
        }
    }

    private Pass.Task newTask(FileChannel channel, Pass.Worker worker) {
        MemorySegment buffer = worker.arena().allocate(MOST_PIECE_BYTES, Long.BYTES);
        return index -> {
            Piece piece = pieces.get((int) index);
            DemoBlocks.write(piece.tensor(), SplitMix64.seed(SEED, index), buffer, piece.blockCount());
            writeFully(channel, buffer.asSlice(0, piece.byteSize()).asByteBuffer(), piece.offset());
            worker.add(piece.byteSize());
        };
    }

    private static void writeFully(FileChannel channel, ByteBuffer bytes, long offset) throws IOException {
        long end = offset + bytes.remaining();
        while (bytes.hasRemaining()) {
            channel.write(bytes, end - bytes.remaining());
        }
    }
}
