package dev.ffmstore;

import dev.ffmstore.ggml.BlockDecoders;
import java.util.concurrent.atomic.LongAdder;

/// Which decoders a load uses.
public enum DecoderChoice {
    /// Whichever makes the process end sooner: scalar at first, and vector, where the JVM has the module, from the
    /// load or export on that brings what the process has decoded to 24 GiB.
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

    /// What this process has decoded, in dense bytes.
    private static final LongAdder DECODED = new LongAdder();

    /// {@return the decoders for some work; asking costs nothing and counts nothing}
    ///
    /// @param denseBytes the dense size of what is to be decoded
    /// @throws UnsupportedOperationException if this is [#VECTOR] and the module `jdk.incubator.vector` is missing
    public BlockDecoders decoders(long denseBytes) {
        return switch (this) {
            case AUTO -> auto(saturatedSum(DECODED.sum(), denseBytes));
            case SCALAR -> BlockDecoders.scalar();
            case VECTOR -> BlockDecoders.vector();
        };
    }

    /// Counts what has been decoded, where it is decoded.
    static void countDecoded(long denseBytes) {
        DECODED.add(denseBytes);
    }

    /// {@return what this process has decoded, in dense bytes}
    static long decodedBytes() {
        return DECODED.sum();
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
