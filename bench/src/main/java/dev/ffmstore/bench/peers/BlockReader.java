package dev.ffmstore.bench.peers;

import dev.ffmstore.TensorSlot;
import dev.ffmstore.ggml.BlockDecoder;
import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.gguf.Source;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.Function;

/// Decodes blocks of a file for one worker, as the store's own reader does, but with anybody's decoders and into
/// any segment. Not shared between threads.
final class BlockReader {
    /// How much the store's workers read at once.
    static final int INPUT_BYTES = 256 << 10;

    private final Source source;
    private final Function<GgmlType, BlockDecoder> decoders;
    private final MemorySegment input;
    private final Map<GgmlType, BlockDecoder> decoderByType = new EnumMap<>(GgmlType.class);

    /// @param source the bytes of the file
    /// @param decoders makes a decoder of a type
    /// @param input the worker's buffer, of [#INPUT_BYTES]
    BlockReader(Source source, Function<GgmlType, BlockDecoder> decoders, MemorySegment input) {
        this.source = source;
        this.decoders = decoders;
        this.input = input;
    }

    /// Reads and decodes some consecutive blocks of a tensor.
    ///
    /// @param dense the memory of the whole tensor
    void decode(TensorSlot slot, long firstBlock, long blockCount, MemorySegment dense) throws IOException {
        GgmlType type = (GgmlType) slot.type();
        long most = INPUT_BYTES / type.blockBytes();
        for (long done = 0; done < blockCount; ) {
            long first = firstBlock + done;
            long count = Math.min(most, blockCount - done);
            MemorySegment blocks = input.asSlice(0, count * type.blockBytes());
            source.read(slot.stored().offset() + first * type.blockBytes(), blocks);
            if (type.isPlain()) {
                MemorySegment.copy(blocks, 0, dense, first * type.blockBytes(), blocks.byteSize());
            } else {
                decoderByType
                        .computeIfAbsent(type, decoders)
                        .decode(input, 0, dense, first * type.denseBlockBytes(), count);
            }
            done += count;
        }
    }
}
