package dev.ffmstore;

import dev.ffmstore.ggml.BlockDecoder;
import dev.ffmstore.ggml.BlockDecoders;
import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.ggml.StoredType;
import dev.ffmstore.gguf.Source;
import dev.ffmstore.internal.text.Problem;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Decodes blocks from the files of a model, with a small input buffer and a decoder for each type met so far.
/// Where the plan has a companion scale, elements are multiplied by it here, as soon as they are decoded. Not
/// shared between threads.
final class BlockReader {
    /// A read shorter than this also brings what follows it in the file, mostly the next of many small tensors: a
    /// system call takes as long as copying some 16 KiB.
    private static final int SHORT_BYTES = 16 << 10;

    private static final int AHEAD_BYTES = 64 << 10;

    /// How many bytes are decoded before they are multiplied: few enough to be in the second-level cache still.
    private static final int SCALED_BYTES = 256 << 10;

    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Model model;
    private final BlockDecoders decoders;
    private final Arena arena;
    private final MemorySegment input;
    private final Map<StoredType, BlockDecoder> decoderByType = new HashMap<>();

    /// Which bytes of which part are at the start of the input buffer; none if the two offsets are equal.
    private int bufferedPart;

    private long bufferedFrom;
    private long bufferedTo;

    private @Nullable Scales scales;

    /// @param model the model that holds the blocks
    /// @param decoders which decoders to use
    /// @param arena allocates the buffers
    BlockReader(Model model, BlockDecoders decoders, Arena arena) {
        this.model = model;
        this.decoders = decoders;
        this.arena = arena;
        this.input = arena.allocate(Transfer.INPUT_BYTES, TensorPlan.ALIGNMENT);
    }

    /// Decodes some consecutive blocks of a tensor, and multiplies them by its companion scale if the plan has one.
    ///
    /// @param share names the tensor and its scale
    /// @param firstBlock the first block, counted from the start of the tensor
    /// @param blockCount the number of blocks
    /// @param dense where the elements go; nothing else in it is written to; native
    /// @param denseOffset the offset of the first element, in bytes
    /// @throws IOException if the blocks cannot be read, naming the source and the tensor
    void decode(Share share, long firstBlock, long blockCount, MemorySegment dense, long denseOffset)
            throws IOException {
        if (share.scale().isPresent()) {
            decodeScaled(share, share.scale().get(), firstBlock, blockCount, dense, denseOffset);
        } else {
            decodeBlocks(share, firstBlock, blockCount, dense, denseOffset);
        }
    }

    /// Copies stored bytes of a tensor as they are.
    ///
    /// @param stored the tensor
    /// @param from the first byte, counted from the start of the tensor
    /// @param target where the bytes go, filled whole; native
    void copy(StoredTensor stored, long from, MemorySegment target) throws IOException {
        if (target.byteSize() >= SHORT_BYTES) {
            read(stored, stored.offset() + from, target);
        } else {
            long at = buffer(stored, stored.offset() + from, target.byteSize());
            MemorySegment.copy(input, at, target, 0, target.byteSize());
        }
    }

    /// Decodes and multiplies tile by tile.
    private void decodeScaled(
            Share share, Share.Scale scale, long firstBlock, long blockCount, MemorySegment dense, long denseOffset)
            throws IOException {
        int blockLength = share.type().blockLength();
        int decodedBytes = share.decodedBlockBytes();
        long tileBlocks = SCALED_BYTES / decodedBytes;
        ScaleRuns runs = new ScaleRuns(share.stored().shape(), scale.block());
        for (long done = 0; done < blockCount; ) {
            long count = Math.min(blockCount - done, tileBlocks);
            long to = denseOffset + done * decodedBytes;
            decodeBlocks(share, firstBlock + done, count, dense, to);
            multiply(scale.stored(), runs, (firstBlock + done) * blockLength, (int) count * blockLength, dense, to);
            done += count;
        }
    }

    /// Multiplies consecutive elements, from the first of them on, each run of them by its factor.
    private void multiply(StoredTensor scale, ScaleRuns runs, long first, int count, MemorySegment dense, long to)
            throws IOException {
        long end = first + count;
        for (long at = first; at < end; ) {
            long runEnd = Math.min(end, runs.endOf(at));
            float factor = factor(scale, runs.factorOf(at));
            multiply(dense, to + (at - first) * Float.BYTES, (int) (runEnd - at), factor);
            at = runEnd;
        }
    }

    private float factor(StoredTensor scale, long index) throws IOException {
        if (scales == null) {
            scales = new Scales(arena.allocate((long) Scales.MOST * Float.BYTES, TensorPlan.ALIGNMENT));
        }
        if (!scales.hold(scale, index)) {
            scales.read(scale, index, Math.min(Scales.MOST, scale.shape().elementCount() - index));
        }
        return scales.get(index);
    }

    /// Some companion scales of one tensor, decoded: a weight may have one for each of its slices.
    private final class Scales {
        static final int MOST = 1024;

        private final MemorySegment floats;
        private @Nullable StoredTensor of;
        private long from;
        private long to;

        Scales(MemorySegment floats) {
            this.floats = floats;
        }

        boolean hold(StoredTensor stored, long index) {
            return stored.equals(of) && index >= from && index < to;
        }

        void read(StoredTensor stored, long first, long count) throws IOException {
            of = null; // if reading fails half-way
            int bytes = stored.type().blockBytes();
            long at = buffer(stored, stored.offset() + first * bytes, count * bytes);
            decoder(stored.type()).decode(input, at, floats, 0, count);
            of = stored;
            from = first;
            to = first + count;
        }

        float get(long index) {
            return floats.getAtIndex(F32, index - from);
        }
    }

    private static void multiply(MemorySegment dense, long offset, int count, float factor) {
        for (int i = 0; i < count; i++) {
            long at = offset + (long) i * Float.BYTES;
            dense.set(F32, at, dense.get(F32, at) * factor);
        }
    }

    private BlockDecoder decoder(StoredType type) {
        return decoderByType.computeIfAbsent(
                type,
                _ -> type instanceof DType dtype
                        ? new Float8Decoder(dtype)
                        : decoders.of((GgmlType) type)); // the plan has no other
    }

    private void decodeBlocks(Share share, long firstBlock, long blockCount, MemorySegment dense, long denseOffset)
            throws IOException {
        StoredTensor stored = share.stored();
        StoredType type = stored.type();
        int decodedBytes = share.decodedBlockBytes();
        long from = stored.offset() + firstBlock * type.blockBytes();
        if (DType.denseOf(type).isStoredAs(type)) {
            copy(stored, firstBlock * type.blockBytes(), dense.asSlice(denseOffset, blockCount * type.blockBytes()));
            return;
        }
        BlockDecoder decoder = decoder(type);
        long mostBlocks = Transfer.INPUT_BYTES / type.blockBytes();
        for (long done = 0; done < blockCount; ) {
            long count = Math.min(blockCount - done, mostBlocks);
            long at = buffer(stored, from + done * type.blockBytes(), count * type.blockBytes());
            decoder.decode(input, at, dense, denseOffset + done * decodedBytes, count);
            done += count;
        }
        DecoderChoice.countDecoded(blockCount * decodedBytes);
    }

    /// Brings bytes of a part into the input buffer, unless they are there.
    ///
    /// @return where the bytes start in the buffer
    private long buffer(StoredTensor stored, long from, long byteSize) throws IOException {
        if (stored.part() != bufferedPart || from < bufferedFrom || from + byteSize > bufferedTo) {
            long left = model.source(stored.part()).size() - from;
            long size = byteSize < SHORT_BYTES ? Math.min(AHEAD_BYTES, left) : byteSize;
            bufferedTo = bufferedFrom; // nothing is there if reading fails half-way
            read(stored, from, input.asSlice(0, size));
            bufferedPart = stored.part();
            bufferedFrom = from;
            bufferedTo = from + size;
        }
        return from - bufferedFrom;
    }

    private void read(StoredTensor stored, long offset, MemorySegment target) throws IOException {
        Source source = model.source(stored.part());
        try {
            source.read(offset, target);
        } catch (InterruptedIOException e) {
            throw e;
        } catch (IOException e) {
            throw new IOException(
                    Problem.of(source.name(), "tensor {} cannot be read: {}", stored.name(), reason(source, e))
                            .toString(),
                    e);
        }
    }

    /// {@return why a source could not be read, without the source's name, which the message starts with already}
    private static String reason(Source source, IOException e) {
        String message = e.getMessage();
        if (message == null) {
            return e.getClass().getSimpleName();
        }
        String name = Problem.ofSentence(source.name(), "").toString();
        return message.startsWith(name) ? message.substring(name.length()) : message;
    }
}
