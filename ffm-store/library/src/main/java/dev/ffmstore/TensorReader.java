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
/// runs                      │ run │ run │ …           taken from where the plan's shares say
/// blocks                    │ cut block │ whole blocks … │ cut block │
/// ```
///
/// Bytes that are stored as they are wanted go straight to the target, and so do whole blocks whose elements stay
/// what they are. All else goes through a tile of floats that stays in the second-level cache. Of a tensor that is
/// transposed, the part of each stored row that falls into the range is read into a small buffer, and its elements
/// are put where they go.
///
/// A reader is used by one thread at a time, and owns buffers of up to 640 KiB off-heap until it is closed.
public final class TensorReader implements AutoCloseable {
    /// Where in the piece a cut element goes; what is before this offset is for targets on the heap.
    private static final long ELEMENT_OFFSET = Transfer.PIECE_BYTES - TensorPlan.ALIGNMENT;

    private final Model model;
    private final BlockReader blocks;
    private final Arena arena;
    private final boolean ownsArena;
    private final ElementWriter elements = new ElementWriter();

    /// The tensor that was last found to be of this model.
    private @Nullable TensorSlot known;

    /// The tile holds blocks of a share's tensor, from one up to another; none if these are equal.
    private @Nullable MemorySegment tile;

    private @Nullable Share tiled;
    private long tiledFrom;
    private long tiledTo;

    private @Nullable MemorySegment piece;

    /// Elements of stored rows on their way to columns.
    private @Nullable MemorySegment gathered;

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
        requireOfThisModel(slot);
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

    /// Makes sure that a tensor is of this model: once for all consecutive reads of it.
    @SuppressWarnings("ReferenceEquality") // an equal one is looked up once more, which does no harm
    private void requireOfThisModel(TensorSlot slot) {
        if (slot == known) {
            return;
        }
        for (Share share : slot.shares()) {
            if (!model.find(share.stored().name()).equals(Optional.of(share.stored()))) {
                throw new IllegalArgumentException(
                        Problem.of(model.name(), "tensor {} is not of this model", slot.name())
                                .toString());
            }
        }
        known = slot;
    }

    private void readNative(TensorSlot slot, long offset, MemorySegment target) throws IOException {
        if (slot.isVerbatim()) { // also of elements smaller than a byte
            blocks.copy(
                    slot.stored(),
                    slot.dtype().byteSize(slot.shares().getFirst().storedFirst()) + offset,
                    target);
            return;
        }
        int size = slot.dtype().byteSize();
        long end = offset + target.byteSize();
        for (long at = offset; at < end; ) {
            long inElement = at % size;
            if (inElement != 0 || end - at < size) {
                long bytes = Math.min(size - inElement, end - at);
                MemorySegment whole = piece().asSlice(ELEMENT_OFFSET, size);
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

    /// Decodes whole blocks of a tensor whose elements stay what they are, straight to their place.
    ///
    /// @param slot a tensor for which [TensorSlot#isDecodedInPlace] holds
    /// @param firstBlock the first block, counted from the start of the slot
    /// @param blockCount the number of blocks
    /// @param target where the elements go; native
    /// @param to the offset of the first element in the target, in bytes
    void readBlocks(TensorSlot slot, long firstBlock, long blockCount, MemorySegment target, long to)
            throws IOException {
        Share share = slot.shares().getFirst();
        long before = share.storedFirst() / share.type().blockLength();
        blocks.decode(share, before + firstBlock, blockCount, target, to);
    }

    /// Reads consecutive elements of a slot.
    private void readElements(TensorSlot slot, long first, long count, MemorySegment target, long to)
            throws IOException {
        Range range = new Range(slot, first, first + count, target, to);
        for (Share share : slot.shares()) {
            if (share.first() >= range.end()) {
                return;
            }
            if (share.first() + share.span(0) > first) {
                read(range, share, 0, share.storedFirst(), share.first());
            }
        }
    }

    /// Consecutive elements of a slot, and where they go.
    ///
    /// @param first the first element
    /// @param end the element after the last one
    /// @param to where in the target the first one goes, in bytes
    private record Range(TensorSlot slot, long first, long end, MemorySegment target, long to) {
        int elementBytes() {
            return slot.dtype().byteSize();
        }

        /// Returns where in the target an element of the slot goes.
        long place(long element) {
            return to + (element - first) * elementBytes();
        }

        /// Returns the first index on an axis from which on elements are at or after the start of the range.
        ///
        /// @param at the first element at index 0
        /// @param span how many elements an index spans
        long firstIndex(Share.Axis axis, long at, long span) {
            long missing = first - at - span + 1;
            return missing <= 0 ? 0 : Math.min(axis.count(), Math.ceilDiv(missing, axis.stride()));
        }

        /// Returns the index on an axis from which on elements are at or after the end of the range.
        long endIndex(Share.Axis axis, long at) {
            return end <= at ? 0 : Math.min(axis.count(), Math.ceilDiv(end - at, axis.stride()));
        }
    }

    /// Reads what of a share is in a range, from a level of its axes on.
    ///
    /// @param level the axis at which the indexes of all axes before are fixed
    /// @param stored the stored element at index 0 of the axis and those after it
    /// @param at the same in the slot
    private void read(Range range, Share share, int level, long stored, long at) throws IOException {
        if (level == share.axes().size()) {
            long from = Math.max(range.first(), at);
            long end = Math.min(range.end(), at + share.run());
            if (from < end) {
                readStored(range.slot(), share, stored + from - at, end - from, range.target(), range.place(from));
            }
            return;
        }
        Share.Axis axis = share.axes().get(level);
        long first = range.firstIndex(axis, at, share.span(level + 1));
        long end = range.endIndex(axis, at);
        if (share.run() == 1 && axis.storedStride() == 1 && end - first > 1) {
            gather(range, share, axis, level + 1, stored, at);
            return;
        }
        for (long i = first; i < end; i++) {
            read(range, share, level + 1, stored + i * axis.storedStride(), at + i * axis.stride());
        }
    }

    /// Reads along an axis whose elements are consecutive in the stored tensor, but not in the slot: for each index
    /// of the axes after it, those elements that are in the range.
    private void gather(Range range, Share share, Share.Axis along, int level, long stored, long at)
            throws IOException {
        if (level < share.axes().size()) {
            Share.Axis axis = share.axes().get(level);
            for (long i = 0; i < axis.count(); i++) {
                gather(range, share, along, level + 1, stored + i * axis.storedStride(), at + i * axis.stride());
            }
            return;
        }
        int size = range.elementBytes();
        long most = Transfer.GATHER_BYTES / size;
        long end = range.endIndex(along, at);
        for (long i = range.firstIndex(along, at, 1); i < end; i += most) {
            int count = (int) Math.min(most, end - i);
            MemorySegment elements = gathered();
            readStored(range.slot(), share, stored + i, count, elements, 0);
            Elements.scatter(
                    elements, count, size, range.target(), range.place(at + i * along.stride()), along.stride() * size);
        }
    }

    /// Reads consecutive elements in the stored order.
    private void readStored(TensorSlot slot, Share share, long first, long count, MemorySegment target, long to)
            throws IOException {
        int size = slot.dtype().byteSize();
        if (slot.copies(share)) {
            blocks.copy(share.stored(), first * size, target.asSlice(to, count * size));
            return;
        }
        boolean keeps = slot.keeps(share);
        int blockLength = share.type().blockLength();
        for (long done = 0; done < count; ) {
            long block = (first + done) / blockLength;
            long skipped = (first + done) % blockLength;
            long left = count - done;
            long place = to + done * size;
            if (keeps && skipped == 0 && left >= blockLength) {
                long whole = left / blockLength;
                blocks.decode(share, block, whole, target, place);
                done += whole * blockLength;
            } else {
                // of a tensor whose elements stay, only a cut block comes here
                long wanted = keeps ? 1 : Math.ceilDiv(skipped + left, (long) blockLength);
                MemorySegment decoded = tile(share, block, wanted);
                long from = (block - tiledFrom) * blockLength + skipped;
                int taken = (int) Math.min(left, (tiledTo - block) * blockLength - skipped);
                if (keeps) {
                    taken = (int) Math.min(taken, blockLength - skipped);
                    MemorySegment.copy(decoded, from * size, target, place, (long) taken * size);
                } else {
                    elements.write(decoded, (int) from, taken, slot, target, place);
                }
                done += taken;
            }
        }
    }

    /// {@return the tile, holding a block of a tensor and as many of the following blocks as are wanted and fit}
    private MemorySegment tile(Share share, long block, long wanted) throws IOException {
        MemorySegment memory = tile;
        if (memory == null) {
            memory = arena.allocate(Transfer.TILE_BYTES, TensorPlan.ALIGNMENT);
            tile = memory;
        }
        if (!isTiled(share) || block < tiledFrom || block >= tiledTo) {
            long count = Math.min(wanted, Transfer.TILE_BYTES / share.decodedBlockBytes());
            tiledTo = tiledFrom; // nothing is there if reading fails half-way
            blocks.decode(share, block, count, memory, 0);
            tiled = share;
            tiledFrom = block;
            tiledTo = block + count;
        }
        return memory;
    }

    private boolean isTiled(Share share) {
        return share == tiled || tiled != null && share.hasBlocksOf(tiled);
    }

    private MemorySegment gathered() {
        MemorySegment memory = gathered;
        if (memory == null) {
            memory = arena.allocate(Transfer.GATHER_BYTES, TensorPlan.ALIGNMENT);
            gathered = memory;
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
