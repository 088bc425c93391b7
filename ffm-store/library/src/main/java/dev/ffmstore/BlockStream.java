package dev.ffmstore;

import dev.ffmstore.ggml.BlockDecoder;
import dev.ffmstore.ggml.BlockDecoders;
import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.gguf.Source;
import dev.ffmstore.internal.text.Printable;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.EnumMap;
import java.util.Map;

/// One worker's way from the source to dense elements: a small input buffer and a decoder of each type met so far.
/// Where the plan has a companion scale, elements are multiplied by it here, as soon as they are decoded. Not
/// shared.
public final class BlockStream {
    /// Enough to make a system call cheap, little enough to stay in the second-level cache beside the output.
    public static final int INPUT_BYTES = 256 << 10;

    /// Reads shorter than this bring what stands behind them in the source as well: it is mostly the next of many
    /// small tensors, and a system call takes as long as copying some 16 KiB.
    private static final int SHORT_BYTES = 16 << 10;

    private static final int AHEAD_BYTES = 64 << 10;

    /// How much is decoded before it is multiplied: it is still in the second-level cache then.
    private static final int SCALED_BYTES = 256 << 10;

    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Source source;
    private final BlockDecoders decoders;
    private final MemorySegment input;
    private final Map<GgmlType, BlockDecoder> decoderByType = new EnumMap<>(GgmlType.class);

    /// Which bytes of the source the input buffer begins with; none where they are equal.
    private long bufferedFrom;

    private long bufferedTo;

    /// @param source where the blocks are
    /// @param decoders which decoders to use
    /// @param arena where the input buffer comes from
    public BlockStream(Source source, BlockDecoders decoders, Arena arena) {
        this.source = source;
        this.decoders = decoders;
        this.input = arena.allocate(INPUT_BYTES, LoadPlan.ALIGNMENT);
    }

    /// Decodes some consecutive blocks of a tensor, and multiplies them by its companion scale if the plan has one.
    ///
    /// @param slot the tensor
    /// @param firstBlock the first of them, counted from the start of the tensor
    /// @param blockCount how many
    /// @param dense where the elements go, and nothing else is written to
    /// @param denseOffset the offset of the first element, in bytes
    /// @throws IOException if the blocks cannot be read, naming the source and the tensor
    public void decode(LoadPlan.Slot slot, long firstBlock, long blockCount, MemorySegment dense, long denseOffset)
            throws IOException {
        if (slot.scale().isPresent()) {
            decodeScaled(slot, slot.scale().get(), firstBlock, blockCount, dense, denseOffset);
        } else {
            decodeBlocks(slot, firstBlock, blockCount, dense, denseOffset);
        }
    }

    /// Goes from slice to slice, each of which has a factor of its own, and within a slice from tile to tile.
    private void decodeScaled(
            LoadPlan.Slot slot,
            LoadPlan.Scale scale,
            long firstBlock,
            long blockCount,
            MemorySegment dense,
            long denseOffset)
            throws IOException {
        GgmlType type = slot.type();
        long sliceBlocks = slot.sourceBytes() / type.blockBytes() / scale.count();
        long tileBlocks = SCALED_BYTES / type.denseBlockBytes();
        long end = firstBlock + blockCount;
        long to = denseOffset;
        for (long block = firstBlock; block < end; ) {
            long slice = block / sliceBlocks;
            long sliceEnd = Math.min(end, (slice + 1) * sliceBlocks);
            float factor = factor(scale, slice);
            while (block < sliceEnd) {
                long count = Math.min(sliceEnd - block, tileBlocks);
                decodeBlocks(slot, block, count, dense, to);
                multiply(dense, to, (int) count * type.blockLength(), factor);
                block += count;
                to += count * type.denseBlockBytes();
            }
        }
    }

    private float factor(LoadPlan.Scale scale, long slice) throws IOException {
        int bytes = scale.type().blockBytes();
        bufferedTo = bufferedFrom;
        read(scale.name(), scale.sourceOffset() + slice * bytes, input.asSlice(0, bytes));
        decoder(scale.type()).decode(input, 0, input, Float.BYTES, 1);
        return input.get(F32, Float.BYTES);
    }

    private static void multiply(MemorySegment dense, long offset, int count, float factor) {
        for (int i = 0; i < count; i++) {
            long at = offset + (long) i * Float.BYTES;
            dense.set(F32, at, dense.get(F32, at) * factor);
        }
    }

    private BlockDecoder decoder(GgmlType type) {
        return decoderByType.computeIfAbsent(type, decoders::of);
    }

    private void decodeBlocks(
            LoadPlan.Slot slot, long firstBlock, long blockCount, MemorySegment dense, long denseOffset)
            throws IOException {
        GgmlType type = slot.type();
        long from = slot.sourceOffset() + firstBlock * type.blockBytes();
        if (type.isPlain()) {
            read(slot.name(), from, dense.asSlice(denseOffset, blockCount * type.blockBytes()));
            return;
        }
        BlockDecoder decoder = decoder(type);
        long mostBlocks = INPUT_BYTES / type.blockBytes();
        for (long done = 0; done < blockCount; ) {
            long count = Math.min(blockCount - done, mostBlocks);
            long at = buffer(slot.name(), from + done * type.blockBytes(), count * type.blockBytes());
            decoder.decode(input, at, dense, denseOffset + done * type.denseBlockBytes(), count);
            done += count;
        }
    }

    /// Brings bytes of the source into the input buffer, unless they are there.
    ///
    /// @return where they start in it
    private long buffer(String tensor, long from, long byteSize) throws IOException {
        if (from < bufferedFrom || from + byteSize > bufferedTo) {
            long size = byteSize < SHORT_BYTES ? Math.min(AHEAD_BYTES, source.size() - from) : byteSize;
            bufferedTo = bufferedFrom; // nothing is there if reading fails half-way
            read(tensor, from, input.asSlice(0, size));
            bufferedFrom = from;
            bufferedTo = from + size;
        }
        return from - bufferedFrom;
    }

    private void read(String tensor, long offset, MemorySegment target) throws IOException {
        try {
            source.read(offset, target);
        } catch (IOException e) {
            throw new IOException(
                    Printable.escape(source.name()) + ": tensor " + Printable.escape(tensor) + " cannot be read: "
                            + reason(e),
                    e);
        }
    }

    private String reason(IOException e) {
        String message = e.getMessage();
        if (message == null) {
            return e.getClass().getSimpleName();
        }
        String name = Printable.escape(source.name()) + ": ";
        return message.startsWith(name) ? message.substring(name.length()) : message;
    }
}
