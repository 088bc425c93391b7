package dev.ffmstore.internal.scalar;

import dev.ffmstore.ggml.BlockDecoder;
import dev.ffmstore.ggml.GgmlType;
import java.util.EnumMap;
import java.util.Map;

/// The table of the scalar kernels.
public final class ScalarDecoders {
    private static final Map<GgmlType, ScalarKernel> KERNELS = new EnumMap<>(Map.ofEntries(
            Map.entry(GgmlType.F16, HalfFloats::f16),
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

    private ScalarDecoders() {}

    /// {@return whether there is a kernel for this type}
    public static boolean supports(GgmlType type) {
        return KERNELS.containsKey(type);
    }

    /// {@return a decoder for one thread, of a supported type}
    public static BlockDecoder of(GgmlType type) {
        ScalarKernel kernel = KERNELS.get(type);
        if (kernel == null) {
            throw new UnsupportedOperationException("no scalar decoder for ggml type " + type);
        }
        return new StagedDecoder(type, kernel);
    }
}
