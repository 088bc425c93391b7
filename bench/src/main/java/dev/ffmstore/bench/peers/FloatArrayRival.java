package dev.ffmstore.bench.peers;

import dev.ffmstore.DType;
import dev.ffmstore.Model;
import dev.ffmstore.TensorForm;
import dev.ffmstore.TensorPlan;
import dev.ffmstore.TensorSlot;
import dev.ffmstore.bench.run.Regions;
import dev.ffmstore.ggml.BlockDecoders;
import dev.ffmstore.ggml.GgmlType;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/// Loads as careful Java without foreign memory does: each tensor is decoded straight into its final `float[]` by
/// several workers, each with one input buffer and one decoder per type.
///
/// The workers first allocate the arrays, the largest first, then share all blocks in pieces of 2 MiB.
record FloatArrayRival() implements Rival {
    private static final int PIECE_BYTES = 2 << 20;

    /// Some consecutive blocks of a tensor.
    private record Piece(int tensor, long firstBlock, long blockCount) {}

    private record Arrays(float[][] tensors) implements Loaded {
        @Override
        public int tensorCount() {
            return tensors.length;
        }

        @Override
        public long elementCount(int tensor) {
            return tensors[tensor].length;
        }

        @Override
        public float element(int tensor, long index) {
            return tensors[tensor][Math.toIntExact(index)];
        }
    }

    @Override
    public Loaded load(Path model, int threads) throws Exception {
        try (Model opened = Model.open(model)) {
            List<TensorSlot> slots = TensorPlan.of(opened, TensorForm.dense()).slots();
            float[][] tensors = new float[slots.size()][];
            List<Integer> largestFirst = IntStream.range(0, tensors.length)
                    .boxed()
                    .sorted(Comparator.comparingLong(
                            (Integer i) -> -slots.get(i).byteSize()))
                    .toList();
            Regions.run(threads, tensors.length, _ -> index -> allocate(tensors, slots, largestFirst, index));
            List<Piece> pieces = pieces(slots);
            Regions.run(threads, pieces.size(), _ -> {
                BlockReader blocks = new BlockReader(
                        opened.source(0),
                        BlockDecoders.scalar()::of,
                        MemorySegment.ofArray(new byte[BlockReader.INPUT_BYTES]));
                return index -> {
                    Piece piece = pieces.get((int) index);
                    MemorySegment dense = MemorySegment.ofArray(tensors[piece.tensor]);
                    blocks.decode(slots.get(piece.tensor), piece.firstBlock, piece.blockCount, dense);
                };
            });
            return new Arrays(tensors);
        }
    }

    private static void allocate(float[][] tensors, List<TensorSlot> slots, List<Integer> order, long index) {
        int tensor = order.get((int) index);
        TensorSlot slot = slots.get(tensor);
        if (slot.dtype() != DType.F32) {
            throw new IllegalArgumentException(slot.name() + ": expected F32 to compare, got " + slot.dtype());
        }
        tensors[tensor] = new float[Math.toIntExact(slot.byteSize() / Float.BYTES)];
    }

    private static List<Piece> pieces(List<TensorSlot> slots) {
        List<Piece> pieces = new ArrayList<>();
        for (int i = 0; i < slots.size(); i++) {
            GgmlType type = (GgmlType) slots.get(i).type();
            long blocks = slots.get(i).stored().blockCount();
            long step = PIECE_BYTES / type.denseBlockBytes();
            for (long first = 0; first < blocks; first += step) {
                pieces.add(new Piece(i, first, Math.min(step, blocks - first)));
            }
        }
        return pieces;
    }
}
