package dev.ffmstore.export;

import dev.ffmstore.TensorReader;
import dev.ffmstore.TensorSlot;
import dev.ffmstore.TensorSource;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Renders byte ranges of files from their layouts: any range, in any order and any number of times, always with
/// the same bytes.
///
/// This one operation serves writing files, uploading in parts, sharing a file among machines, and retrying a lost
/// piece.
///
/// A renderer is for one thread, and owns buffers of some 600 KiB off-heap for each source of tensors that it
/// meets, until it is closed. Several threads need one each.
public final class Renderer implements AutoCloseable {
    /// How many bytes become hexadecimal digits at a time: few enough to be in cache together with their digits.
    private static final int TILE_BYTES = 64 << 10;

    private final Map<TensorSource, TensorReader> readers = new IdentityHashMap<>();
    private final Arena arena = Arena.ofConfined();
    private @Nullable MemorySegment tile;

    /// Fills a segment with a byte range of a file.
    ///
    /// @param layout what the file is made of
    /// @param offset where the range starts in the file, in bytes
    /// @param target filled whole, or in part if this throws; native
    /// @throws IOException if the model, or another file that is copied from, cannot be read
    /// @throws IndexOutOfBoundsException if the range is not inside the file
    public void render(FileLayout layout, long offset, MemorySegment target) throws IOException {
        Objects.checkFromIndexSize(offset, target.byteSize(), layout.size());
        long end = offset + target.byteSize();
        List<FileLayout.Placed> pieces = layout.pieces();
        for (int i = layout.firstPieceAfter(offset);
                i < pieces.size() && pieces.get(i).offset() < end;
                i++) {
            FileLayout.Placed placed = pieces.get(i);
            long from = Math.max(offset, placed.offset());
            long to = Math.min(end, placed.end());
            render(layout, placed.piece(), from - placed.offset(), target.asSlice(from - offset, to - from));
        }
    }

    /// {@return a byte range of a file: the model's own memory, read-only, if the range is in memory as it is;
    /// otherwise the buffer, with the range rendered into it}
    ///
    /// @param buffer native memory of the size of the range
    MemorySegment bytes(FileLayout layout, long offset, MemorySegment buffer) throws IOException {
        int index = layout.firstPieceAfter(offset);
        if (index < layout.pieces().size()
                && layout.pieces().get(index)
                        instanceof FileLayout.Placed(long start, FileLayout.Raw(TensorSlot tensor))
                && offset >= start
                && offset + buffer.byteSize() <= start + tensor.byteSize()) {
            Optional<MemorySegment> memory = layout.tensors().orElseThrow().view(tensor);
            if (memory.isPresent()) {
                return memory.get().asSlice(offset - start, buffer.byteSize());
            }
        }
        render(layout, offset, buffer);
        return buffer;
    }

    /// Fills a segment with a byte range of a piece.
    private void render(FileLayout layout, FileLayout.Piece piece, long offset, MemorySegment target)
            throws IOException {
        switch (piece) {
            case FileLayout.Literal(byte[] bytes) ->
                MemorySegment.copy(MemorySegment.ofArray(bytes), offset, target, 0, target.byteSize());
            case FileLayout.Fill(byte value, long _) -> target.fill(value);
            case FileLayout.Raw(TensorSlot tensor) -> reader(layout).read(tensor, offset, target);
            case FileLayout.Hex(TensorSlot tensor) -> renderHex(reader(layout), tensor, offset, target);
            case FileLayout.Copy copy -> copy.source().read(copy.offset() + offset, target);
        }
    }

    /// @param offset counted in digits, two per byte: odd if the range begins with the second digit of a byte
    private void renderHex(TensorReader reader, TensorSlot tensor, long offset, MemorySegment target)
            throws IOException {
        for (long done = 0; done < target.byteSize(); ) {
            int skipped = (int) ((offset + done) & 1);
            long digits = Math.min(target.byteSize() - done, 2L * TILE_BYTES - skipped);
            MemorySegment bytes = tile().asSlice(0, (skipped + digits + 1) / 2);
            reader.read(tensor, (offset + done) / 2, bytes);
            HexDigits.write(bytes, skipped, target.asSlice(done, digits));
            done += digits;
        }
    }

    private TensorReader reader(FileLayout layout) {
        return readers.computeIfAbsent(layout.tensors().orElseThrow(), TensorSource::reader);
    }

    private MemorySegment tile() {
        MemorySegment memory = tile;
        if (memory == null) {
            memory = arena.allocate(TILE_BYTES, Long.BYTES);
            tile = memory;
        }
        return memory;
    }

    /// Frees the buffers.
    @Override
    public void close() {
        arena.close();
        readers.values().forEach(TensorReader::close);
    }
}
