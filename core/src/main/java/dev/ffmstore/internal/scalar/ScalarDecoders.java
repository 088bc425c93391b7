package dev.ffmstore.internal.scalar;

import dev.ffmstore.ggml.BlockDecoder;
import dev.ffmstore.ggml.GgmlType;
import org.jspecify.annotations.Nullable;

/// The table of the scalar kernels.
public final class ScalarDecoders {
    private ScalarDecoders() {}

    /// {@return the kernel of a type, or null if there is none; other kernels are not linked, which would take a
    /// millisecond each}
    private static @Nullable ScalarKernel kernel(GgmlType type) {
        return switch (type) {
            case F16 -> HalfFloats::f16;
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

    /// {@return whether there is a kernel for this type}
    public static boolean supports(GgmlType type) {
        return kernel(type) != null;
    }

    /// {@return a decoder of a supported type, for one thread}
    public static BlockDecoder of(GgmlType type) {
        ScalarKernel kernel = kernel(type);
        if (kernel == null) {
            throw new UnsupportedOperationException("no scalar decoder for ggml type " + type);
        }
        return new StagedDecoder(type, kernel);
    }
}
