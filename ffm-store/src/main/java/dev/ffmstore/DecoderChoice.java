package dev.ffmstore;

import dev.ffmstore.ggml.BlockDecoders;

/// Which decoders a load uses.
public enum DecoderChoice {
    /// Vector where the JVM has the module for it, scalar otherwise.
    AUTO,
    /// Scalar, always.
    SCALAR,
    /// Vector; a load fails with `UnsupportedOperationException` where the JVM lacks the module.
    VECTOR;

    /// {@return the decoders}
    ///
    /// @throws UnsupportedOperationException if this is [#VECTOR] and the module `jdk.incubator.vector` is missing
    public BlockDecoders decoders() {
        return switch (this) {
            case AUTO -> BlockDecoders.best();
            case SCALAR -> BlockDecoders.scalar();
            case VECTOR -> BlockDecoders.vector();
        };
    }
}
