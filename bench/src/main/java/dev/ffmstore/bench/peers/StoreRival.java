package dev.ffmstore.bench.peers;

import dev.ffmstore.DType;
import dev.ffmstore.DecoderChoice;
import dev.ffmstore.LoadOptions;
import dev.ffmstore.Tensor;
import dev.ffmstore.TensorForm;
import dev.ffmstore.TensorStore;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;

/// The loader of this library.
///
/// @param decoder which decoders to use
record StoreRival(DecoderChoice decoder) implements Rival {
    @Override
    public Loaded load(Path model, int threads) throws IOException {
        TensorStore store = TensorStore.load(
                model,
                TensorForm.dense(),
                LoadOptions.defaults().threads(threads).decoder(decoder));
        List<Tensor> tensors = List.copyOf(store.tensors());
        return new Segments(tensors.stream().map(StoreRival::floats).toList(), store::close);
    }

    private static MemorySegment floats(Tensor tensor) {
        if (tensor.dtype() != DType.F32) {
            throw new IllegalArgumentException(tensor.name() + ": expected F32 to compare, got " + tensor.dtype());
        }
        return tensor.segment();
    }

    /// Tensors that are segments of floats.
    ///
    /// @param tensors the tensors
    /// @param free frees the tensors
    record Segments(List<MemorySegment> tensors, Runnable free) implements Loaded {
        private static final ValueLayout.OfFloat F32 =
                ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

        @Override
        public int tensorCount() {
            return tensors.size();
        }

        @Override
        public long elementCount(int tensor) {
            return tensors.get(tensor).byteSize() / Float.BYTES;
        }

        @Override
        public float element(int tensor, long index) {
            return tensors.get(tensor).getAtIndex(F32, index);
        }

        @Override
        public void close() {
            free.run();
        }
    }
}
