package dev.ffmstore.internal.measure;

import dev.ffmstore.TensorReader;
import dev.ffmstore.TensorSlot;
import dev.ffmstore.TensorSource;
import dev.ffmstore.internal.pass.Pass;
import dev.ffmstore.internal.text.Problem;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// Looks for tensors whose elements are all the same; each worker takes whole tensors. Elements of 6 bits, of which
/// four are three bytes, are passed over: no archive repeats a pattern of three bytes.
public final class SplatScan {
    private static final int TILE_BYTES = 256 << 10;

    private SplatScan() {}

    /// {@return the element of each such tensor, by the name of the tensor}
    ///
    /// @param source the tensors to look through
    /// @param threads the number of workers
    /// @throws java.io.InterruptedIOException if the calling thread is interrupted, whose interrupt
    /// status stays set
    /// @throws IOException if the model cannot be read
    public static Map<String, byte[]> run(TensorSource source, int threads) throws IOException {
        Map<String, byte[]> patterns = new ConcurrentHashMap<>();
        new Pass(threads, Problem.of(source.name(), "export interrupted").toString())
                .run(
                        source.tensors().size(),
                        worker -> {
                            TensorReader reader = source.reader(worker.arena());
                            MemorySegment tile = worker.arena().allocate(TILE_BYTES, Long.BYTES);
                            return index -> {
                                TensorSlot tensor = source.tensors().get((int) index);
                                boolean repeats =
                                        Integer.bitCount(tensor.dtype().byteSize()) == 1;
                                if (repeats && tensor.byteSize() > 0 && isSplat(tensor, reader, tile)) {
                                    MemorySegment element =
                                            tile.asSlice(0, tensor.dtype().byteSize());
                                    reader.read(tensor, 0, element);
                                    patterns.put(tensor.name(), element.toArray(ValueLayout.JAVA_BYTE));
                                }
                            };
                        },
                        _ -> {});
        return patterns;
    }

    /// All elements are the same if each is the same as the one before it. Each tile shares an element
    /// with the next.
    private static boolean isSplat(TensorSlot tensor, TensorReader reader, MemorySegment tile) throws IOException {
        int elementSize = tensor.dtype().byteSize();
        long step = TILE_BYTES - elementSize;
        for (long at = 0; at < tensor.byteSize(); at += step) {
            MemorySegment elements = tile.asSlice(0, Math.min(TILE_BYTES, tensor.byteSize() - at));
            reader.read(tensor, at, elements);
            long others = elements.byteSize() - elementSize;
            if (MemorySegment.mismatch(elements, 0, others, elements, elementSize, elements.byteSize()) >= 0) {
                return false;
            }
        }
        return true;
    }
}
