package dev.ffmstore;

import dev.ffmstore.ggml.BlockDecoders;
import java.util.concurrent.atomic.AtomicLong;

/// Which decoders a load uses.
public enum DecoderChoice {
    /// Whichever makes the process's loads end sooner: scalar at first, and vector, where the JVM has the module,
    /// from the load on that brings what the process has decoded to 24 GiB.
    ///
    /// Until C2 has compiled a vector kernel, which takes up to a second of a small machine, it runs hundreds of
    /// times slower; the scalar kernels are fast in a tenth of that time.
    AUTO,
    /// Scalar, always.
    SCALAR,
    /// Vector; a load fails with `UnsupportedOperationException` where the JVM lacks the module.
    VECTOR;

    /// The dense bytes from which on the vector kernels have won back what their compilation takes: measured by
    /// `cold-start` of the benchmarks.
    static final long VECTOR_PAYS_BYTES = 24L << 30;

    /// What all loads of this process that left the choice open have decoded, in dense bytes.
    private static final AtomicLong DECODED = new AtomicLong();

    /// {@return the decoders for a load; each call counts as one}
    ///
    /// @param denseBytes the dense size of what is to be decoded
    /// @throws UnsupportedOperationException if this is [#VECTOR] and the module `jdk.incubator.vector` is missing
    public BlockDecoders decoders(long denseBytes) {
        return switch (this) {
            case AUTO -> auto(DECODED.accumulateAndGet(denseBytes, DecoderChoice::saturatedSum));
            case SCALAR -> BlockDecoders.scalar();
            case VECTOR -> BlockDecoders.vector();
        };
    }

    /// {@return the decoders for a process that will have decoded so much}
    static BlockDecoders auto(long decodedBytes) {
        boolean available = BlockDecoders.isVectorAvailable(); // asked in any case: the log says what is missing
        return available && decodedBytes >= VECTOR_PAYS_BYTES ? BlockDecoders.best() : BlockDecoders.scalar();
    }

    private static long saturatedSum(long a, long b) {
        return a > Long.MAX_VALUE - b ? Long.MAX_VALUE : a + b;
    }
}
