package dev.ffmstore.export;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Objects;

/// Renders byte ranges of files from their layouts and one source of constants: any range, in any order, as often
/// as
/// wanted, always the same bytes.
///
/// Writers of files, uploads in parts, several machines that share a file and a retry of a piece that was lost are
/// all this one operation.
///
/// For one thread, which owns the buffers, some 600 KiB off-heap, and closes it. Several threads have one each.
public final class Renderer implements AutoCloseable {
    /// How many bytes become hexadecimal digits at a time: in cache with their digits.
    private static final int TILE_BYTES = 64 << 10;

    private final ConstantReader reader;
    private final Arena arena;
    private final MemorySegment tile;

    /// @param source what the constants in the layouts are constants of
    public Renderer(ConstantSource source) {
        reader = source.openReader();
        arena = Arena.ofConfined();
        tile = arena.allocate(TILE_BYTES, Long.BYTES);
    }

    /// Fills a segment with a byte range of a file.
    ///
    /// @param layout what the file is made of
    /// @param offset where the range starts in the file
    /// @param target filled whole, or in part where this throws; native
    /// @throws IOException if the model, or another file that is copied from, cannot be read
    /// @throws IndexOutOfBoundsException if the range is not inside the file
    public void render(FileLayout layout, long offset, MemorySegment target) throws IOException {
        Objects.checkFromIndexSize(offset, target.byteSize(), layout.size());
        long end = offset + target.byteSize();
        List<FileLayout.Placed> pieces = layout.pieces();
        for (int i = layout.firstPieceBehind(offset);
                i < pieces.size() && pieces.get(i).offset() < end;
                i++) {
            FileLayout.Placed placed = pieces.get(i);
            long from = Math.max(offset, placed.offset());
            long to = Math.min(end, placed.end());
            render(placed.piece(), from - placed.offset(), target.asSlice(from - offset, to - from));
        }
    }

    /// Fills a segment with a byte range of a piece.
    private void render(FileLayout.Piece piece, long offset, MemorySegment target) throws IOException {
        switch (piece) {
            case FileLayout.Literal(byte[] bytes) ->
                MemorySegment.copy(MemorySegment.ofArray(bytes), offset, target, 0, target.byteSize());
            case FileLayout.Fill(byte value, long _) -> target.fill(value);
            case FileLayout.Raw(Constant constant) -> reader.read(constant, offset, target);
            case FileLayout.Hex(Constant constant) -> renderHex(constant, offset, target);
            case FileLayout.Copy copy -> copy.source().read(copy.offset() + offset, target);
        }
    }

    /// @param offset counted in digits, two a byte: odd if the range begins with the second digit of a byte
    private void renderHex(Constant constant, long offset, MemorySegment target) throws IOException {
        for (long done = 0; done < target.byteSize(); ) {
            int skipped = (int) ((offset + done) & 1);
            long digits = Math.min(target.byteSize() - done, 2L * TILE_BYTES - skipped);
            MemorySegment bytes = tile.asSlice(0, (skipped + digits + 1) / 2);
            reader.read(constant, (offset + done) / 2, bytes);
            HexDigits.write(bytes, skipped, target.asSlice(done, digits));
            done += digits;
        }
    }

    /// Frees the buffers.
    @Override
    public void close() {
        try (arena) {
            reader.close();
        }
    }
}
