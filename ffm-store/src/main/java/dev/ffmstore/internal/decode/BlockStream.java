package dev.ffmstore.internal.decode;

import dev.ffmstore.LoadPlan;
import dev.ffmstore.ggml.BlockDecoder;
import dev.ffmstore.ggml.BlockDecoders;
import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.gguf.Source;
import dev.ffmstore.internal.text.Printable;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.EnumMap;
import java.util.Map;

/// One worker's way from the source to dense elements: a small input buffer and a decoder of each type met so far.
/// Not shared.
public final class BlockStream {
    /// Enough to make a system call cheap, little enough to stay in the second-level cache beside the output.
    public static final int INPUT_BYTES = 256 << 10;

    private final Source source;
    private final BlockDecoders decoders;
    private final MemorySegment input;
    private final Map<GgmlType, BlockDecoder> decoderByType = new EnumMap<>(GgmlType.class);

    /// @param source where the blocks are
    /// @param decoders which decoders to use
    /// @param arena where the input buffer comes from
    public BlockStream(Source source, BlockDecoders decoders, Arena arena) {
        this.source = source;
        this.decoders = decoders;
        this.input = arena.allocate(INPUT_BYTES, LoadPlan.ALIGNMENT);
    }

    /// Decodes some consecutive blocks of a tensor.
    ///
    /// @param slot the tensor
    /// @param firstBlock the first of them, counted from the start of the tensor
    /// @param blockCount how many
    /// @param dense where the elements go, and nothing else is written to
    /// @param denseOffset the offset of the first element, in bytes
    /// @throws IOException if the blocks cannot be read, naming the source and the tensor
    public void decode(LoadPlan.Slot slot, long firstBlock, long blockCount, MemorySegment dense, long denseOffset)
            throws IOException {
        GgmlType type = slot.type();
        long from = slot.sourceOffset() + firstBlock * type.blockBytes();
        if (type.isPlain()) {
            read(slot, from, dense.asSlice(denseOffset, blockCount * type.blockBytes()));
            return;
        }
        BlockDecoder decoder = decoderByType.computeIfAbsent(type, decoders::of);
        long mostBlocks = INPUT_BYTES / type.blockBytes();
        for (long done = 0; done < blockCount; ) {
            long count = Math.min(blockCount - done, mostBlocks);
            read(slot, from + done * type.blockBytes(), input.asSlice(0, count * type.blockBytes()));
            decoder.decode(input, 0, dense, denseOffset + done * type.denseBlockBytes(), count);
            done += count;
        }
    }

    private void read(LoadPlan.Slot slot, long offset, MemorySegment target) throws IOException {
        try {
            source.read(offset, target);
        } catch (IOException e) {
            throw new IOException(
                    Printable.escape(source.name()) + ": tensor " + Printable.escape(slot.name()) + " cannot be read: "
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
