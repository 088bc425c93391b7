package dev.ffmstore.cli;

import dev.ffmstore.ProgressListener;
import dev.ffmstore.gguf.TensorInfo;
import dev.ffmstore.internal.pass.Workers;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/// Writes a [DemoModel] to a file, by several workers, each with a small buffer.
final class DemoFile {
    private static final long SEED = 0x66_66_6D_73_74_6F_72_65L;

    /// Part of what the bytes depend on: each piece has random numbers of its own.
    private static final long PIECE_BLOCKS = 4096;

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
    private final AtomicLong doneBytes = new AtomicLong();

    private DemoFile(DemoModel model) {
        this.model = model;
        for (TensorInfo tensor : model.tensors()) {
            for (long first = 0; first < tensor.blockCount(); first += PIECE_BLOCKS) {
                pieces.add(new Piece(tensor, first, Math.min(PIECE_BLOCKS, tensor.blockCount() - first)));
            }
        }
    }

    /// {@return whether a file is there that has the model's size and its whole header, tensor infos included}
    static boolean isWritten(Path path, DemoModel model) throws IOException {
        if (!Files.isRegularFile(path) || Files.size(path) != model.fileSize()) {
            return false;
        }
        byte[] expected = model.header();
        try (var stream = Files.newInputStream(path)) {
            return Arrays.equals(stream.readNBytes(expected.length), expected);
        }
    }

    /// Writes the file under another name beside it, and gives it its name when it is complete.
    ///
    /// That name is always the same, so that what a killed process left is written over. The lock is on a file of
    /// its own, held until the file has its name; who waited for it finds the file written.
    ///
    /// @param path the file; its folder is there
    /// @param model what to write
    /// @param threads how many workers
    /// @param progress hears of the bytes written
    static void write(Path path, DemoModel model, int threads, ProgressListener progress) throws Exception {
        Path part = path.resolveSibling(path.getFileName() + ".part");
        Path lock = path.resolveSibling("." + path.getFileName() + ".lock");
        try (FileChannel held = FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            held.lock();
            if (isWritten(path, model)) {
                return;
            }
            try {
                try (FileChannel channel = FileChannel.open(
                        part,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.TRUNCATE_EXISTING,
                        StandardOpenOption.WRITE)) {
                    new DemoFile(model).write(channel, threads, progress);
                }
                Files.move(part, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } finally {
                Files.deleteIfExists(part);
            }
        }
    }

    private void write(FileChannel channel, int threads, ProgressListener progress) throws Exception {
        writeFully(channel, ByteBuffer.wrap(model.header()), 0);
        try (Arena arena = Arena.ofShared()) {
            Workers.run(
                    threads,
                    pieces.size(),
                    () -> newTask(channel, arena),
                    () -> progress.progress(doneBytes.get(), model.fileSize()));
        }
        channel.truncate(model.fileSize());
        // The sizes of all blocks are multiples of the alignment, so that the last tensor needs no padding.
        if (channel.size() != model.fileSize()) {
            throw new IllegalStateException("expected " + model.fileSize() + " bytes, got " + channel.size());
        }
    }

    private Workers.Task newTask(FileChannel channel, Arena arena) {
        MemorySegment buffer = arena.allocate(MOST_PIECE_BYTES, Long.BYTES);
        return index -> {
            Piece piece = pieces.get((int) index);
            DemoBlocks.write(piece.tensor(), SplitMix64.seed(SEED, index), buffer, piece.blockCount());
            writeFully(channel, buffer.asSlice(0, piece.byteSize()).asByteBuffer(), piece.offset());
            doneBytes.addAndGet(piece.byteSize());
        };
    }

    private static void writeFully(FileChannel channel, ByteBuffer bytes, long offset) throws IOException {
        long end = offset + bytes.remaining();
        while (bytes.hasRemaining()) {
            channel.write(bytes, end - bytes.remaining());
        }
    }
}
