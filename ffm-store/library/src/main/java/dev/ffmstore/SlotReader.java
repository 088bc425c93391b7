package dev.ffmstore;

import dev.ffmstore.ggml.GgmlType;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Reads any range of a tensor's final dense bytes, whatever the plan makes of its elements. Not shared.
///
/// ```text
/// target      │ cut element │ whole elements …                                        │ cut element │
/// rows                      │ row │ row │ …           taken from where the plan says
/// blocks                    │ cut block │ whole blocks … │ cut block │
/// ```
///
/// Whole blocks of a tensor whose elements stay what they are go straight to the target. All else goes through a
/// tile of floats that stays in the second-level cache.
public final class SlotReader {
    /// The size of the tile, which a reader has as soon as it reads what does not go straight to the target.
    public static final int TILE_BYTES = 256 << 10;

    private final BlockStream blocks;
    private final Arena arena;
    private final ElementWriter elements = new ElementWriter();
    private @Nullable MemorySegment tile;
    private @Nullable MemorySegment element;

    /// @param blocks where blocks come from; this reader's own
    /// @param arena where the tile comes from, when it is needed for the first time
    public SlotReader(BlockStream blocks, Arena arena) {
        this.blocks = blocks;
        this.arena = arena;
    }

    /// Fills a segment with a range of a tensor's dense bytes.
    ///
    /// @param slot the tensor
    /// @param offset where the range starts in the dense bytes
    /// @param target filled whole; native
    /// @throws IOException if blocks cannot be read, naming the source and the tensor
    /// @throws IndexOutOfBoundsException if the range is not inside the tensor
    public void read(LoadPlan.Slot slot, long offset, MemorySegment target) throws IOException {
        Objects.checkFromIndexSize(offset, target.byteSize(), slot.byteSize());
        int size = slot.dtype().byteSize();
        long end = offset + target.byteSize();
        for (long at = offset; at < end; ) {
            long inElement = at % size;
            if (inElement != 0 || end - at < size) {
                long bytes = Math.min(size - inElement, end - at);
                MemorySegment whole = element();
                readElements(slot, at / size, 1, whole, 0);
                MemorySegment.copy(whole, inElement, target, at - offset, bytes);
                at += bytes;
            } else {
                long count = (end - at) / size;
                readElements(slot, at / size, count, target, at - offset);
                at += count * size;
            }
        }
    }

    private void readElements(LoadPlan.Slot slot, long first, long count, MemorySegment target, long to)
            throws IOException {
        if (slot.rowOrder() instanceof RowOrder.AsStored) {
            readStored(slot, first, count, target, to);
            return;
        }
        long rowLength = slot.shape().elementCount() / slot.shape().dimension(0);
        for (long done = 0; done < count; ) {
            long row = (first + done) / rowLength;
            long inRow = (first + done) % rowLength;
            long piece = Math.min(rowLength - inRow, count - done);
            long stored = slot.rowOrder().storedRow(row) * rowLength + inRow;
            readStored(slot, stored, piece, target, to + done * slot.dtype().byteSize());
            done += piece;
        }
    }

    /// Reads consecutive elements in the model's order.
    private void readStored(LoadPlan.Slot slot, long first, long count, MemorySegment target, long to)
            throws IOException {
        GgmlType type = slot.type();
        int blockLength = type.blockLength();
        long tileBlocks = TILE_BYTES / type.denseBlockBytes();
        for (long done = 0; done < count; ) {
            long block = (first + done) / blockLength;
            long skipped = (first + done) % blockLength;
            long left = count - done;
            long place = to + done * slot.dtype().byteSize();
            if (slot.isDirect() && skipped == 0 && left >= blockLength) {
                long whole = left / blockLength;
                blocks.decode(slot, block, whole, target, place);
                done += whole * blockLength;
            } else {
                // of a tensor whose elements stay, only a cut block comes here
                long most = slot.isDirect() ? 1 : tileBlocks;
                long decoded = Math.min(Math.ceilDiv(skipped + left, (long) blockLength), most);
                int taken = (int) Math.min(left, decoded * blockLength - skipped);
                blocks.decode(slot, block, decoded, tile(), 0);
                if (slot.isDirect()) {
                    int size = type.denseElementBytes();
                    MemorySegment.copy(tile(), skipped * size, target, place, (long) taken * size);
                } else {
                    elements.write(tile(), (int) skipped, taken, slot, target, place);
                }
                done += taken;
            }
        }
    }

    private MemorySegment tile() {
        if (tile == null) {
            tile = arena.allocate(TILE_BYTES, LoadPlan.ALIGNMENT);
        }
        return tile;
    }

    private MemorySegment element() {
        if (element == null) {
            element = arena.allocate(Long.BYTES, Long.BYTES);
        }
        return element;
    }
}
