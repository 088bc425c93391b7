package dev.ffmstore.internal.vector;

import dev.ffmstore.ggml.BlockDecoder;
import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.internal.BlockRanges;
import dev.ffmstore.internal.scalar.ScalarDecoders;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// The table of the vector kernels. It must not be loaded if `jdk.incubator.vector` is missing.
public final class VectorDecoders {
    private VectorDecoders() {}

    /// {@return the kernel of a type, or null if there is none; other kernels are not linked, which would take a
    /// millisecond each}
    ///
    /// F16 has no vector kernel: C2 vectorises the scalar kernel's `Float.float16ToFloat`, three times faster than
    /// a vector kernel.
    private static @Nullable VectorKernel kernel(GgmlType type) {
        return switch (type) {
            case BF16 -> HalfFloats::bf16;
            case Q4_0 -> LegacyQuants::q4_0;
            case Q4_1 -> LegacyQuants::q4_1;
            case Q5_0 -> LegacyQuants::q5_0;
            case Q5_1 -> LegacyQuants::q5_1;
            case Q8_0 -> LegacyQuants::q8_0;
            case Q2_K -> KQuants::q2_k;
            case Q3_K -> KQuants::q3_k;
            case Q4_K -> KQuants::q4_k;
            case Q5_K -> KQuants::q5_k;
            case Q6_K -> KQuants::q6_k;
            case Q8_K -> KQuants::q8_k;
            case IQ1_S -> CodebookQuants::iq1_s;
            case IQ1_M -> CodebookQuants::iq1_m;
            case IQ2_XXS -> CodebookQuants::iq2_xxs;
            case IQ2_XS -> CodebookQuants::iq2_xs;
            case IQ2_S -> CodebookQuants::iq2_s;
            case IQ3_XXS -> CodebookQuants::iq3_xxs;
            case IQ3_S -> CodebookQuants::iq3_s;
            case IQ4_NL -> TableQuants::iq4_nl;
            case IQ4_XS -> TableQuants::iq4_xs;
            case MXFP4 -> TableQuants::mxfp4;
            case NVFP4 -> TableQuants::nvfp4;
            case TQ1_0 -> TernaryQuants::tq1_0;
            case TQ2_0 -> TernaryQuants::tq2_0;
            case Q1_0 -> TernaryQuants::q1_0;
            case Q2_0 -> TernaryQuants::q2_0;
            default -> null;
        };
    }

    /// {@return the width of the vectors used, in bits; 0 if the machine's vectors are too narrow to gain anything}
    public static int vectorBits() {
        return Lanes.BITS >= 256 ? Lanes.BITS : 0;
    }

    /// {@return the width of the machine's vectors in bits, as far as it is used}
    public static int machineBits() {
        return Lanes.BITS;
    }

    /// {@return a vector decoder of a type, or null if the scalar one is better}
    public static @Nullable BlockDecoder find(GgmlType type) {
        VectorKernel kernel = kernel(type);
        return kernel == null ? null : new Checked(type, kernel);
    }

    /// Checks the ranges, and keeps heap segments away from the vector kernel: after one call with another kind of
    /// segment, C2 compiles the kernel for both, and for the rest of the process it lacks the inlining that makes
    /// it fast.
    private static final class Checked implements BlockDecoder {
        private final GgmlType type;
        private final VectorKernel kernel;
        private @Nullable BlockDecoder forHeap;

        Checked(GgmlType type, VectorKernel kernel) {
            this.type = type;
            this.kernel = kernel;
        }

        @Override
        public GgmlType type() {
            return type;
        }

        @Override
        public void decode(
                MemorySegment blocks, long blocksOffset, MemorySegment dense, long denseOffset, long blockCount) {
            if (!blocks.isNative() || !dense.isNative()) {
                if (forHeap == null) {
                    forHeap = ScalarDecoders.of(type);
                }
                forHeap.decode(blocks, blocksOffset, dense, denseOffset, blockCount);
                return;
            }
            BlockRanges.check(type, blocks, blocksOffset, dense, denseOffset, blockCount);
            kernel.decode(blocks, blocksOffset, dense, denseOffset, blockCount);
        }
    }
}
