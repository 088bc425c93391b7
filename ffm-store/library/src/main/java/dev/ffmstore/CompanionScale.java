package dev.ffmstore;

import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.gguf.Shape;
import dev.ffmstore.internal.text.Problem;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/// A tensor that holds what another tensor's decoded elements are still to be multiplied by.
///
/// ```text
/// blk.0.ffn_up.weight         NVFP4
/// blk.0.ffn_up.scale          its companion, as ggml's converters name it
/// blk.0.ffn_up.weight.scale   the same, as others do
///
/// up_proj.weight              F8_E4M3 [1000, 512]
/// up_proj.weight_scale_inv    a factor for each block of 128 × 128, [8, 4], or of the size that the shapes tell
/// up_proj.weight_scale        or one for each row, [1000, 1], or one for all
/// ```
///
/// Weights of NVFP4 have them, whose scales within blocks are 8-bit floats, too narrow a range for whole tensors;
/// so have ternary weights, weights of 8-bit floats, and whatever such weights were converted to later. A companion
/// holds floats: one for the whole weight; or, for a weight of rank 3 or more (stacked experts), one for each
/// outermost slice; or, for a weight of F8_E4M3 or F8_E5M2, one for each row or block. `.input_scale` tensors are
/// about activations and are no companions, and weights of integers have none.
///
/// @param weight the tensor that is to be multiplied
/// @param scale the companion of the weight
/// @param problem why the companion cannot be applied, a sentence that is safe to print; empty if it can
public record CompanionScale(StoredTensor weight, StoredTensor scale, Optional<String> problem) {
    private static final String WEIGHT_SUFFIX = ".weight";
    private static final String SCALE_SUFFIX = ".scale";

    /// What weights of 8-bit floats may have appended to their names. In spite of its name, `_scale_inv` holds what
    /// weights are multiplied by.
    private static final List<String> FLOAT8_SUFFIXES = List.of("_scale_inv", "_scale");

    /// The block size along the two innermost axes, unless the shapes tell another one.
    private static final long BLOCK = 128;

    /// {@return the companion of a tensor, well-formed or not; empty if it has none}
    ///
    /// @param weight the tensor
    /// @param find finds the tensors of the same model by their names
    static Optional<CompanionScale> of(StoredTensor weight, Function<String, Optional<StoredTensor>> find) {
        if (weight.unreadable().isPresent() || DType.denseOf(weight.type()) != DType.F32) {
            return Optional.empty();
        }
        List<StoredTensor> found = new ArrayList<>();
        if (weight.name().endsWith(WEIGHT_SUFFIX)) {
            String stem = weight.name().substring(0, weight.name().length() - WEIGHT_SUFFIX.length());
            find.apply(stem + SCALE_SUFFIX).ifPresent(found::add);
        }
        find.apply(weight.name() + SCALE_SUFFIX).ifPresent(found::add);
        if (isFloat8(weight)) {
            FLOAT8_SUFFIXES.forEach(suffix -> find.apply(weight.name() + suffix).ifPresent(found::add));
        }
        if (found.isEmpty()) {
            return Optional.empty();
        }
        StoredTensor scale = found.getFirst();
        return Optional.of(new CompanionScale(
                weight,
                scale,
                found.size() > 1
                        ? Optional.of(Problem.fill(
                                "tensor {} has two companion scales, {} and {}",
                                weight.name(),
                                scale.name(),
                                found.get(1).name()))
                        : malformation(weight, scale)));
    }

    /// {@return the shape of the block of elements that each factor is for: of the weight's rank, no dimension
    /// zero, blocks at the ends may be cut; empty if the companion cannot be applied}
    public Optional<Shape> block() {
        return problem.isPresent() ? Optional.empty() : block(weight, scale.shape());
    }

    private static boolean isFloat8(StoredTensor weight) {
        return weight.type() == DType.F8_E4M3 || weight.type() == DType.F8_E5M2;
    }

    private static Optional<Shape> block(StoredTensor weight, Shape scale) {
        long[] whole = weight.shape().toArray();
        int rank = whole.length;
        if (scale.elementCount() == 1) {
            return blockOf(whole);
        }
        if (isFloat8(weight) && scale.rank() == rank) {
            return grid(whole, scale);
        }
        boolean bySlice = isFloat8(weight) ? scale.rank() == 1 && rank >= 2 : rank >= 3;
        if (bySlice && scale.elementCount() == whole[0]) {
            whole[0] = 1;
            return blockOf(whole);
        }
        return Optional.empty();
    }

    private static Optional<Shape> blockOf(long[] dimensions) {
        for (int i = 0; i < dimensions.length; i++) {
            dimensions[i] = Math.max(1, dimensions[i]);
        }
        return Optional.of(Shape.of(dimensions));
    }

    /// {@return the blocks of which there are as many along each axis as the scale has factors}
    private static Optional<Shape> grid(long[] weight, Shape scale) {
        long[] block = new long[weight.length];
        for (int i = 0; i < block.length; i++) {
            long factors = scale.dimension(i);
            boolean inner = i >= block.length - 2;
            if (inner && factors == Math.ceilDiv(weight[i], BLOCK)) {
                block[i] = Math.min(BLOCK, weight[i]);
            } else if (factors > 0 && weight[i] % factors == 0) {
                block[i] = weight[i] / factors;
            } else {
                return Optional.empty();
            }
        }
        return blockOf(block);
    }

    private static Optional<String> malformation(StoredTensor weight, StoredTensor scale) {
        boolean isFloat = scale.type() == GgmlType.F32
                || scale.type() == GgmlType.F16
                || scale.type() == GgmlType.BF16
                || isFloat8(weight) && scale.type() == DType.F8_E8M0;
        if (isFloat && block(weight, scale.shape()).isPresent()) {
            return Optional.empty();
        }
        return Optional.of(Problem.fill(
                "tensor {}: companion scale {}: expected {} of type F32, F16 or BF16, got {} of type {}",
                weight.name(),
                scale.name(),
                expected(weight),
                isFloat8(weight) ? scale.shape() : scale.shape().elementCount(),
                scale.type()));
    }

    private static String expected(StoredTensor weight) {
        Shape shape = weight.shape();
        if (isFloat8(weight)) {
            return "1 element, or one for each row or block of " + shape + ",";
        }
        return shape.rank() >= 3 && shape.dimension(0) != 1 ? "1 or " + shape.dimension(0) + " elements" : "1 element";
    }
}
