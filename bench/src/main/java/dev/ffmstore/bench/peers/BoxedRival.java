package dev.ffmstore.bench.peers;

import dev.ffmstore.Model;
import dev.ffmstore.TensorForm;
import dev.ffmstore.TensorPlan;
import dev.ffmstore.TensorSlot;
import dev.ffmstore.ggml.BlockDecoder;
import dev.ffmstore.ggml.BlockDecoders;
import dev.ffmstore.ggml.GgmlType;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// The loader that every Java program starts with: a tensor is a list of boxed bytes, which its constructor copies.
///
/// One thread loads. A boxed byte costs a reference and no object, since the JVM keeps one object for each value.
record BoxedRival() implements Rival {
    private static final int BLOCKS_AT_ONCE = 64;

    /// A tensor that nobody can change.
    private record Payload(String name, List<Byte> bytes) {
        Payload {
            bytes = List.copyOf(bytes);
        }
    }

    private record Payloads(List<Payload> tensors) implements Loaded {
        @Override
        public int tensorCount() {
            return tensors.size();
        }

        @Override
        public long elementCount(int tensor) {
            return tensors.get(tensor).bytes.size() / Float.BYTES;
        }

        @Override
        public float element(int tensor, long index) {
            List<Byte> bytes = tensors.get(tensor).bytes;
            int at = Math.toIntExact(index * Float.BYTES);
            return Float.intBitsToFloat(bytes.get(at) & 0xFF
                    | (bytes.get(at + 1) & 0xFF) << 8
                    | (bytes.get(at + 2) & 0xFF) << 16
                    | bytes.get(at + 3) << 24);
        }
    }

    @Override
    public Loaded load(Path model, int threads) throws IOException {
        try (Model opened = Model.open(model)) {
            List<Payload> tensors = new ArrayList<>();
            for (TensorSlot slot : TensorPlan.of(opened, TensorForm.dense()).slots()) {
                tensors.add(new Payload(slot.name(), bytes(opened, slot)));
            }
            return new Payloads(tensors);
        }
    }

    private static List<Byte> bytes(Model opened, TensorSlot slot) throws IOException {
        GgmlType type = (GgmlType) slot.type();
        BlockDecoder decoder = BlockDecoders.scalar().of(type);
        byte[] blocks = new byte[BLOCKS_AT_ONCE * type.blockBytes()];
        byte[] dense = new byte[BLOCKS_AT_ONCE * type.denseBlockBytes()];
        List<Byte> bytes = new ArrayList<>();
        for (long done = 0; done < slot.stored().byteSize(); done += blocks.length) {
            int size = (int) Math.min(blocks.length, slot.stored().byteSize() - done);
            int count = size / type.blockBytes();
            opened.source(0)
                    .read(
                            slot.stored().offset() + done,
                            MemorySegment.ofArray(blocks).asSlice(0, size));
            decoder.decode(MemorySegment.ofArray(blocks), 0, MemorySegment.ofArray(dense), 0, count);
            for (int i = 0; i < count * type.denseBlockBytes(); i++) {
                bytes.add(dense[i]);
            }
        }
        return bytes;
    }
}
