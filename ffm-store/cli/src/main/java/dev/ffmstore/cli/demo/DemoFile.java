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
import java.util.function.LongConsumer;

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

    private final DemoModel.Part part;
    private final List<Piece> pieces = new ArrayList<>();

    /// The number of pieces of the tensors that are in parts before this one.
    private final long firstPiece;

    private DemoFile(DemoModel model, DemoModel.Part part) {
        this.part = part;
        for (TensorInfo tensor : part.tensors()) {
            for (long first = 0; first < tensor.blockCount(); first += PIECE_BLOCKS) {
                pieces.add(new Piece(tensor, first, Math.min(PIECE_BLOCKS, tensor.blockCount() - first)));
            }
        }
        this.firstPiece = model.tensors().subList(0, part.firstTensor()).stream()
                .mapToLong(tensor -> Math.ceilDiv(tensor.blockCount(), PIECE_BLOCKS))
                .sum();
    }

    /// {@return whether all files of a model exist, as [#isWritten(Path, DemoModel.Part)] says}
    ///
    /// @param paths the files, in the order of the parts
    public static boolean isWritten(List<Path> paths, DemoModel model) throws IOException {
        for (int i = 0; i < paths.size(); i++) {
            if (!isWritten(paths.get(i), model.parts().get(i))) {
                return false;
            }
        }
        return true;
    }

    /// {@return whether a file exists that has the part's size and its whole header, including tensor infos}
    private static boolean isWritten(Path path, DemoModel.Part part) throws IOException {
        if (!Files.isRegularFile(path) || Files.size(path) != part.fileSize()) {
            return false;
        }
        byte[] expected = part.header();
        try (var stream = Files.newInputStream(path)) {
            return Arrays.equals(stream.readNBytes(expected.length), expected);
        }
    }

    /// Writes each file of a model that is not there under another name, and gives it its own name when it is
    /// complete.
    ///
    /// If somebody else is writing the file, this waits until it is written, or until nobody is writing it any
    /// more.
    ///
    /// @param paths the files, in the order of the parts; their folder must exist
    /// @param model the model to write
    /// @param threads the number of workers
    /// @param progress is told of the bytes written
    public static void write(List<Path> paths, DemoModel model, int threads, ProgressListener progress)
            throws Exception {
        long before = 0;
        for (int i = 0; i < paths.size(); i++) {
            DemoModel.Part part = model.parts().get(i);
            long start = before;
            DemoFile file = new DemoFile(model, part);
            write(paths.get(i), file, threads, done -> progress.progress(start + done, model.fileSize()));
            before += part.fileSize();
        }
    }

    private static void write(Path path, DemoFile file, int threads, LongConsumer progress) throws Exception {
        while (!isWritten(path, file.part)) {
            try (Transaction transaction = Transaction.begin(path, Transaction.Kind.FILE, Existing.REPLACE)) {
                if (!isWritten(path, file.part)) {
                    writeOutput(transaction.output(), file, threads, progress);
                    transaction.commit();
                }
                return;
            } catch (TargetBusyException e) {
                Thread.sleep(PAUSE_MILLIS);
            }
        }
    }

    private static void writeOutput(Path output, DemoFile file, int threads, LongConsumer progress) throws Exception {
        try (FileChannel channel = FileChannel.open(output, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            file.write(channel, threads, progress);
            channel.force(true);
        }
    }

    private void write(FileChannel channel, int threads, LongConsumer progress) throws Exception {
        writeFully(channel, ByteBuffer.wrap(part.header()), 0);
        new Pass(threads, "writing interrupted")
                .run(pieces.size(), worker -> newTask(channel, worker), progress::accept);
        channel.truncate(part.fileSize());
        // the sizes of all tensors are multiples of the alignment, so that the last one needs no padding
        if (channel.size() != part.fileSize()) {
            throw new IllegalStateException("expected " + part.fileSize() + " bytes, got " + channel.size());
        }
    }

    private Pass.Task newTask(FileChannel channel, Pass.Worker worker) {
        MemorySegment buffer = worker.arena().allocate(MOST_PIECE_BYTES, Long.BYTES);
        return index -> {
            Piece piece = pieces.get((int) index);
            DemoBlocks.write(piece.tensor(), SplitMix64.seed(SEED, firstPiece + index), buffer, piece.blockCount());
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
