package dev.ffmstore.bench.peers;

import java.nio.file.Path;

/// A way to get the dense elements of a model into memory.
@FunctionalInterface
interface Rival {

    /// Loads every tensor.
    ///
    /// @param model a GGUF file
    /// @param threads the number of workers, where there is a choice
    /// @return the elements, which stay in memory until it is closed
    Loaded load(Path model, int threads) throws Exception;

    /// The dense tensors of a model, in the order of the file.
    interface Loaded extends AutoCloseable {
        /// {@return the number of tensors}
        int tensorCount();

        /// {@return the number of elements of a tensor}
        long elementCount(int tensor);

        /// {@return an element of a tensor}
        float element(int tensor, long index);

        /// Frees the memory.
        @Override
        default void close() {}
    }
}
