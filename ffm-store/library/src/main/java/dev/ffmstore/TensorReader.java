package dev.ffmstore;

import dev.ffmstore.ggml.BlockDecoders;
import dev.ffmstore.internal.text.Problem;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Reads any byte range of a plan's tensors, in the form that the plan gives them.
///
/// ```text
/// target      │ cut element │ whole elements …                                        │ cut element │
/// rows                      │ row │ row │ …           taken from where the plan says
/// blocks                    │ cut block │ whole blocks … │ cut block │
/// ```
///
/// Bytes that are stored as they are wanted go straight to the target, and so do whole blocks whose elements stay
/// what they are. All else goes through a tile of floats that stays in the second-level cache.
///
/// A reader is used by one thread at a time, and owns buffers of up to 512 KiB off-heap until it is closed.
public final class TensorReader implements AutoCloseable {
    /// Where in the piece a cut element goes; what is before this offset is for targets on the heap.
    private static final long ELEMENT_OFFSET = Transfer.PIECE_BYTES - TensorPlan.ALIGNMENT;

    private final Model model;
    private final BlockReader blocks;
    private final Arena arena;
    private final boolean ownsArena;
    private final ElementWriter elements = new ElementWriter();

    /// The tile holds blocks of a slot, from one up to another; none if these are equal.
    private @Nullable MemorySegment tile;

    private @Nullable TensorSlot tiled;
    private long tiledFrom;
    private long tiledTo;

    private @Nullable MemorySegment piece;

    private TensorReader(Model model, BlockDecoders decoders, Arena arena, boolean ownsArena) {
        this.model = model;
        this.blocks = new BlockReader(model, decoders, arena);
        this.arena = arena;
        this.ownsArena = ownsArena;
    }

    /// {@return a reader that owns its buffers}
    @SuppressWarnings("MustBeClosed") // the reader closes it
    static TensorReader of(Model model, BlockDecoders decoders) {
        // a shared arena, though one thread uses it: hot kernels are compiled for the kinds of arena that they meet
        return new TensorReader(model, decoders, Arena.ofShared(), true);
    }

    /// {@return a reader whose buffers are allocated by an arena}
    static TensorReader of(Model model, BlockDecoders decoders, Arena arena) {
        return new TensorReader(model, decoders, arena, false);
    }

    /// Fills a segment with a byte range of a tensor's dense bytes.
    ///
    /// @param slot a tensor of the plan that this reader was made for
    /// @param offset where the range starts in the dense bytes; it need not be at the start of an element
    /// @param target filled whole, or in part if this throws; native, or over a Java array
    /// @throws java.io.InterruptedIOException if the calling thread is interrupted, whose interrupt status stays
    /// set
    /// @throws IOException if the model cannot be read, naming the file and the tensor
    /// @throws IndexOutOfBoundsException if the range is not inside the tensor
    /// @throws IllegalArgumentException if the tensor is of another model, or the target is read-only; nothing is
    /// written then
    public void read(TensorSlot slot, long offset, MemorySegment target) throws IOException {
        Objects.checkFromIndexSize(offset, target.byteSize(), slot.byteSize());
        if (!model.find(slot.storedName()).equals(Optional.of(slot.stored()))) {
            throw new IllegalArgumentException(Problem.of(model.name(), "tensor {} is not of this model", slot.name())
                    .toString());
        }
        if (target.isReadOnly()) {
            throw new IllegalArgumentException("the target is read-only");
        }
        if (target.isNative()) {
            readNative(slot, offset, target);
            return;
        }
        MemorySegment bounce = piece().asSlice(0, ELEMENT_OFFSET);
        for (long done = 0; done < target.byteSize(); done += bounce.byteSize()) {
            MemorySegment some = bounce.asSlice(0, Math.min(bounce.byteSize(), target.byteSize() - done));
            readNative(slot, offset + done, some);
            MemorySegment.copy(some, 0, target, done, some.byteSize());
        }
    }

    private void readNative(TensorSlot slot, long offset, MemorySegment target) throws IOException {
        if (slot.isVerbatim()) {
            blocks.copy(slot.stored(), offset, target);
            return;
        }
        int size = slot.dtype().byteSize();
        long end = offset + target.byteSize();
        for (long at = offset; at < end; ) {
            long inElement = at % size;
            if (inElement != 0 || end - at < size) {
                long bytes = Math.min(size - inElement, end - at);
                MemorySegment whole = piece().asSlice(ELEMENT_OFFSET, size);
                readRows(slot, at / size, 1, whole, 0);
                MemorySegment.copy(whole, inElement, target, at - offset, bytes);
                at += bytes;
            } else {
                long count = (end - at) / size;
                readRows(slot, at / size, count, target, at - offset);
                at += count * size;
            }
        }
    }

    /// Decodes whole blocks of a tensor whose elements stay what they are, straight to their place.
    ///
    /// @param slot a tensor for which [TensorSlot#keepsElements] and [TensorSlot#keepsRows] hold, and which is not
    /// copied
    /// @param firstBlock the first block
    /// @param blockCount the number of blocks
    /// @param target where the elements go; native
    /// @param to the offset of the first element in the target, in bytes
    void readBlocks(TensorSlot slot, long firstBlock, long blockCount, MemorySegment target, long to)
            throws IOException {
        blocks.decode(slot, firstBlock, blockCount, target, to);
    }

    /// Reads consecutive elements, row by row from where each row is stored.
    private void readRows(TensorSlot slot, long first, long count, MemorySegment target, long to) throws IOException {
        if (slot.keepsRows()) {
            readStored(slot, first, count, target, to);
            return;
        }
        long rowLength = slot.rowElements();
        int size = slot.dtype().byteSize();
        for (long done = 0; done < count; ) {
            long row = (first + done) / rowLength;
            long inRow = (first + done) % rowLength;
            long some = Math.min(rowLength - inRow, count - done);
            readStored(slot, slot.rowOrder().storedRow(row) * rowLength + inRow, some, target, to + done * size);
            done += some;
        }
    }

    /// Reads consecutive elements in the stored order.
    private void readStored(TensorSlot slot, long first, long count, MemorySegment target, long to) throws IOException {
        int size = slot.dtype().byteSize();
        if (slot.isCopied()) {
            blocks.copy(slot.stored(), first * size, target.asSlice(to, count * size));
            return;
        }
        int blockLength = slot.type().blockLength();
        for (long done = 0; done < count; ) {
            long block = (first + done) / blockLength;
            long skipped = (first + done) % blockLength;
            long left = count - done;
            long place = to + done * size;
            if (slot.keepsElements() && skipped == 0 && left >= blockLength) {
                long whole = left / blockLength;
                blocks.decode(slot, block, whole, target, place);
                done += whole * blockLength;
            } else {
                // of a tensor whose elements stay, only a cut block comes here
                long wanted = slot.keepsElements() ? 1 : Math.ceilDiv(skipped + left, (long) blockLength);
                MemorySegment decoded = tile(slot, block, wanted);
                long from = (block - tiledFrom) * blockLength + skipped;
                int taken = (int) Math.min(left, (tiledTo - block) * blockLength - skipped);
                if (slot.keepsElements()) {
                    taken = (int) Math.min(taken, blockLength - skipped);
                    MemorySegment.copy(decoded, from * size, target, place, (long) taken * size);
                } else {
                    elements.write(decoded, (int) from, taken, slot, target, place);
                }
                done += taken;
            }
        }
    }

    /// {@return the tile, holding a block of a slot and as many of the following blocks as are wanted and fit}
    private MemorySegment tile(TensorSlot slot, long block, long wanted) throws IOException {
        MemorySegment memory = tile;
        if (memory == null) {
            memory = arena.allocate(Transfer.TILE_BYTES, TensorPlan.ALIGNMENT);
            tile = memory;
        }
        if (!slot.equals(tiled) || block < tiledFrom || block >= tiledTo) {
            long count = Math.min(wanted, Transfer.TILE_BYTES / slot.decodedBlockBytes());
            tiledTo = tiledFrom; // nothing is there if reading fails half-way
            blocks.decode(slot, block, count, memory, 0);
            tiled = slot;
            tiledFrom = block;
            tiledTo = block + count;
        }
        return memory;
    }

    /// A little native memory, for cut elements and for targets on the heap.
    private MemorySegment piece() {
        MemorySegment memory = piece;
        if (memory == null) {
            memory = arena.allocate(Transfer.PIECE_BYTES, TensorPlan.ALIGNMENT);
            piece = memory;
        }
        return memory;
    }

    /// Frees the buffers.
    @Override
    public void close() {
        if (ownsArena && arena.scope().isAlive()) {
            arena.close();
        }
    }
}
