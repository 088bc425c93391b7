package dev.ffmstore.internal.measure;

import java.util.Arrays;

/// A fixed partition of some tensors into numbered chunks, each of which is a piece of work.
///
/// The partition depends only on the sizes of the tensors, and the chunks of a tensor are merged in order: so sums
/// are the same, to the last bit, whatever the number of workers.
final class Chunks {
    /// How many elements are read at a time: whole blocks of every type, and few enough to stay in the cache.
    static final int TILE = 64 << 10;

    private static final long SMALLEST = 16L * TILE;

    /// The most chunks of a tensor. A result for each is kept until the tensor is merged, so their number must not
    /// grow with the tensor.
    private static final long MOST_OF_A_TENSOR = 1024;

    /// A run of elements of one tensor.
    ///
    /// @param tensor which tensor, 0 or more
    /// @param first the first element
    /// @param count the number of elements, 1 or more
    record Chunk(int tensor, long first, long count) {}

    private final long[] elements;
    private final long[] chunkElements;
    private final int[] starts;

    /// @param elements the number of elements of each tensor
    Chunks(long... elements) {
        this.elements = elements.clone();
        this.chunkElements = Arrays.stream(elements).map(Chunks::chunkOf).toArray();
        this.starts = new int[elements.length + 1];
        for (int i = 0; i < elements.length; i++) {
            starts[i + 1] = Math.addExact(starts[i], (int) Math.ceilDiv(elements[i], chunkElements[i]));
        }
    }

    private static long chunkOf(long elements) {
        long share = Math.ceilDiv(elements, MOST_OF_A_TENSOR);
        return Math.max(SMALLEST, Math.multiplyExact(Math.ceilDiv(share, TILE), (long) TILE));
    }

    /// {@return the number of chunks of all tensors together}
    int count() {
        return starts[elements.length];
    }

    /// {@return the number of the first chunk of a tensor; [#count] if `tensor` is the number of tensors}
    int start(int tensor) {
        return starts[tensor];
    }

    /// {@return the chunk with a number}
    ///
    /// @param index the number of the chunk, 0 to [#count] − 1
    Chunk get(int index) {
        int tensor = tensorOf(index);
        long first = (index - starts[tensor]) * chunkElements[tensor];
        return new Chunk(tensor, first, Math.min(chunkElements[tensor], elements[tensor] - first));
    }

    /// Finds the tensor that a chunk belongs to: the last one whose chunks begin at or before its number. Empty
    /// tensors have none.
    private int tensorOf(int index) {
        int low = 0;
        int high = elements.length - 1;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (starts[middle + 1] > index) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return low;
    }
}
