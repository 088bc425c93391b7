package dev.ffmstore;

import dev.ffmstore.ggml.BlockDecoders;
import java.util.concurrent.atomic.LongAdder;

/// Which decoders a load, an export or a reader uses.
public enum DecoderChoice {
    /// Whichever makes the process end sooner: scalar at first; and vector, where the JVM has the module, from the
    /// load or export on that brings the total decoded by the process to 24 GiB.
    ///
    /// Until C2 has compiled a vector kernel, which takes up to a second on a small machine, it runs hundreds of
    /// times slower; the scalar kernels are fast in a tenth of that time.
    AUTO,
    /// Scalar, always.
    SCALAR,
    /// Vector, always; where the JVM lacks the module, work fails with `UnsupportedOperationException`.
    VECTOR;

    /// The number of dense bytes after which vector kernels have won back the time of their compilation, as
    /// measured by the benchmark `cold-start`.
    static final long VECTOR_PAYS_BYTES = 24L << 30;

    /// How much this process has decoded, in dense bytes.
    private static final LongAdder DECODED = new LongAdder();

    /// {@return the decoders for some work; asking is cheap and does not count the work as done}
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

    /// Adds to the count of what has been decoded; called wherever something is.
    static void countDecoded(long denseBytes) {
        DECODED.add(denseBytes);
    }

    /// {@return how much this process has decoded, in dense bytes}
    static long decodedBytes() {
        return DECODED.sum();
    }

    /// {@return the decoders for a process that will have decoded this much, in dense bytes}
    static BlockDecoders auto(long decodedBytes) {
        boolean available = BlockDecoders.isVectorAvailable(); // asked in any case: the log says what is missing
        return available && decodedBytes >= VECTOR_PAYS_BYTES ? BlockDecoders.best() : BlockDecoders.scalar();
    }

    private static long saturatedSum(long a, long b) {
        return a > Long.MAX_VALUE - b ? Long.MAX_VALUE : a + b;
    }
}
