package dev.ffmstore.internal.vector;

import dev.ffmstore.ggml.BlockDecoder;
import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.internal.BlockRanges;
import dev.ffmstore.internal.scalar.ScalarDecoders;
import java.lang.foreign.MemorySegment;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The table of the vector kernels. Not to be touched where `jdk.incubator.vector` is missing.
public final class VectorDecoders {
    /// F16 is not among them: C2 vectorises the scalar kernel's `Float.float16ToFloat`, three times faster than a
    /// vector kernel is.
    private static final Map<GgmlType, VectorKernel> KERNELS = new EnumMap<>(Map.ofEntries(
            Map.entry(GgmlType.BF16, HalfFloats::bf16),
            Map.entry(GgmlType.Q4_0, LegacyQuants::q4_0),
            Map.entry(GgmlType.Q4_1, LegacyQuants::q4_1),
            Map.entry(GgmlType.Q5_0, LegacyQuants::q5_0),
            Map.entry(GgmlType.Q5_1, LegacyQuants::q5_1),
            Map.entry(GgmlType.Q8_0, LegacyQuants::q8_0),
            Map.entry(GgmlType.Q2_K, KQuants::q2k),
            Map.entry(GgmlType.Q3_K, KQuants::q3k),
            Map.entry(GgmlType.Q4_K, KQuants::q4k),
            Map.entry(GgmlType.Q5_K, KQuants::q5k),
            Map.entry(GgmlType.Q6_K, KQuants::q6k),
            Map.entry(GgmlType.Q8_K, KQuants::q8k),
            Map.entry(GgmlType.IQ1_S, CodebookQuants::iq1s),
            Map.entry(GgmlType.IQ1_M, CodebookQuants::iq1m),
            Map.entry(GgmlType.IQ2_XXS, CodebookQuants::iq2xxs),
            Map.entry(GgmlType.IQ2_XS, CodebookQuants::iq2xs),
            Map.entry(GgmlType.IQ2_S, CodebookQuants::iq2s),
            Map.entry(GgmlType.IQ3_XXS, CodebookQuants::iq3xxs),
            Map.entry(GgmlType.IQ3_S, CodebookQuants::iq3s),
            Map.entry(GgmlType.IQ4_NL, TableQuants::iq4nl),
            Map.entry(GgmlType.IQ4_XS, TableQuants::iq4xs),
            Map.entry(GgmlType.MXFP4, TableQuants::mxfp4),
            Map.entry(GgmlType.NVFP4, TableQuants::nvfp4),
            Map.entry(GgmlType.TQ1_0, TernaryQuants::tq1),
            Map.entry(GgmlType.TQ2_0, TernaryQuants::tq2),
            Map.entry(GgmlType.Q1_0, TernaryQuants::q1_0),
            Map.entry(GgmlType.Q2_0, TernaryQuants::q2_0)));

    private VectorDecoders() {}

    /// {@return the width of the vectors used, in bits; 0 where the machine's are too narrow to gain anything}
    public static int vectorBits() {
        return Lanes.BITS >= 256 ? Lanes.BITS : 0;
    }

    /// {@return the width of the machine's vectors as far as it is used, in bits}
    public static int machineBits() {
        return Lanes.BITS;
    }

    /// {@return a decoder, or null where the scalar one is the better}
    public static @Nullable BlockDecoder find(GgmlType type) {
        VectorKernel kernel = KERNELS.get(type);
        return kernel == null ? null : new Checked(type, kernel);
    }

    /// Checks the ranges, and keeps heap segments away from the vector kernel: one call with another kind of
    /// segment, and C2 compiles the kernel for both, which costs it the inlining it lives by, for the rest of the
    /// process.
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
