package dev.ffmstore.ggml;

import dev.ffmstore.internal.scalar.ScalarDecoders;
import dev.ffmstore.internal.vector.VectorDecoders;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/// The scalar or the vector decoders, and which of the two this JVM can use.
///
/// Vector decoders use the Vector API (`jdk.incubator.vector`) with vectors of 512 or 256 bits, whichever is the
/// machine's widest. They need the flag `--add-modules jdk.incubator.vector`. On a machine with narrower vectors,
/// and for types where the scalar kernel is faster (F16: C2 vectorises the JDK's own conversion), the vector kind
/// *is* the scalar kernel. Both kinds give the same bits.
///
/// An object of this class is immutable and may be used by any thread; the decoders that it hands out must not be
/// shared between threads.
public final class BlockDecoders {
    private static final String VECTOR_MODULE = "jdk.incubator.vector";

    /// The kinds of decoders.
    public enum Kind {
        /// Decoders without the Vector API, which define the result.
        SCALAR,
        /// Decoders of several elements at a time, with the Vector API.
        VECTOR
    }

    private static final BlockDecoders SCALAR = new BlockDecoders(Kind.SCALAR, 0);

    /// Whether the vector module is present, looked up on first use; if it is missing, the log says so.
    private static final class VectorModule {
        static final boolean PRESENT = find();

        private static boolean find() {
            boolean present = ModuleLayer.boot().findModule(VECTOR_MODULE).isPresent();
            if (!present) {
                log(
                        System.Logger.Level.INFO,
                        "decoders: scalar; with --add-modules " + VECTOR_MODULE
                                + " a long-lived process decodes faster, once its vector kernels are compiled");
            }
            return present;
        }
    }

    /// The best decoders, decided on first use.
    private static final class Best {
        static final BlockDecoders DECODERS = choose();

        private static BlockDecoders choose() {
            BlockDecoders best = VectorModule.PRESENT ? vector() : SCALAR;
            log(System.Logger.Level.DEBUG, "decoders: " + best);
            return best;
        }
    }

    private static void log(System.Logger.Level level, String message) {
        System.getLogger(BlockDecoders.class.getName()).log(level, message);
    }

    private final Kind kind;
    private final int vectorBits;

    private BlockDecoders(Kind kind, int vectorBits) {
        this.kind = kind;
        this.vectorBits = vectorBits;
    }

    /// {@return the vector decoders if the module they need is present, the scalar ones otherwise; decided
    /// and logged once}
    public static BlockDecoders best() {
        return Best.DECODERS;
    }

    /// {@return the scalar decoders}
    public static BlockDecoders scalar() {
        return SCALAR;
    }

    /// {@return the vector decoders}
    ///
    /// @throws UnsupportedOperationException if the module `jdk.incubator.vector` is not in the module graph
    public static BlockDecoders vector() {
        if (ModuleLayer.boot().findModule(VECTOR_MODULE).isEmpty()) {
            throw new UnsupportedOperationException(
                    "the vector decoders need the JVM flag --add-modules " + VECTOR_MODULE);
        }
        return new BlockDecoders(Kind.VECTOR, VectorDecoders.vectorBits());
    }

    /// {@return whether this JVM can use vector decoders}
    ///
    /// Asking loads no decoder. If the JVM cannot use vector decoders, the log says so once and names the flag.
    public static boolean isVectorAvailable() {
        return VectorModule.PRESENT;
    }

    /// {@return the kind of these decoders}
    public Kind kind() {
        return kind;
    }

    /// {@return the width of the vectors in bits, 512 or 256; 0 if no vectors are used}
    public int vectorBits() {
        return vectorBits;
    }

    /// {@return whether blocks of this type can be decoded}
    public boolean supports(GgmlType type) {
        return type.isPlain() || ScalarDecoders.supports(type);
    }

    /// {@return a decoder for one thread}
    ///
    /// @param type the type of the blocks
    /// @throws UnsupportedOperationException if blocks of this type cannot be decoded
    public BlockDecoder of(GgmlType type) {
        if (!supports(type)) {
            throw new UnsupportedOperationException("no decoder for ggml type " + type);
        }
        if (type.isPlain()) {
            return new Copy(type);
        }
        BlockDecoder vector = vectorBits > 0 ? VectorDecoders.find(type) : null;
        return vector != null ? vector : ScalarDecoders.of(type);
    }

    /// {@return the kind and width, as `vector (512 bits)` or `scalar`}
    @Override
    public String toString() {
        if (kind == Kind.SCALAR) {
            return "scalar";
        }
        return vectorBits == 0 ? "vector (scalar: vectors too narrow)" : "vector (" + vectorBits + " bits)";
    }

    /// Copies elements that are stored in their dense form.
    private record Copy(GgmlType type) implements BlockDecoder {
        @Override
        public void decode(
                MemorySegment blocks, long blocksOffset, MemorySegment dense, long denseOffset, long blockCount) {
            Objects.checkFromIndexSize(0, blockCount, Long.MAX_VALUE / type.blockBytes());
            MemorySegment.copy(blocks, blocksOffset, dense, denseOffset, blockCount * type.blockBytes());
        }
    }
}
