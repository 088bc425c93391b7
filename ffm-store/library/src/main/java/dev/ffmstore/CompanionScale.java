package dev.ffmstore;

import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.internal.text.Problem;
import java.util.Optional;
import java.util.function.Function;

/// A tensor that holds what another tensor's decoded elements are still to be multiplied by.
///
/// ```text
/// blk.0.ffn_up.weight         NVFP4
/// blk.0.ffn_up.scale          its companion, as ggml's converters name it
/// blk.0.ffn_up.weight.scale   the same, as others do
/// ```
///
/// Weights of NVFP4 have them, whose scales within blocks are 8-bit floats, too narrow a range for whole tensors.
/// So have ternary weights, and whatever such weights were quantised to later. A companion holds floats (F32, F16
/// or BF16): one for the whole weight, or, for a weight of rank 3 or more (stacked experts), one for each outermost
/// slice. `.input_scale` tensors are about activations and are no companions, and weights of integers have none.
///
/// @param weight the tensor that is to be multiplied
/// @param scale the companion of the weight
/// @param problem why the companion cannot be applied, a sentence that is safe to print; empty if it can
public record CompanionScale(StoredTensor weight, StoredTensor scale, Optional<String> problem) {
    private static final String WEIGHT_SUFFIX = ".weight";
    private static final String SCALE_SUFFIX = ".scale";

    /// {@return the companion of a tensor, well-formed or not; empty if it has none}
    ///
    /// @param weight the tensor
    /// @param find finds the tensors of the same model by their names
    static Optional<CompanionScale> of(StoredTensor weight, Function<String, Optional<StoredTensor>> find) {
        if (weight.unreadable().isPresent() || DType.denseOf(weight.type()) != DType.F32) {
            return Optional.empty();
        }
        Optional<StoredTensor> appended = find.apply(weight.name() + SCALE_SUFFIX);
        Optional<StoredTensor> beside = nameBeside(weight.name()).flatMap(find);
        return beside.or(() -> appended)
                .map(scale -> new CompanionScale(
                        weight,
                        scale,
                        beside.isPresent() && appended.isPresent()
                                ? Optional.of(Problem.fill(
                                        "tensor {} has two companion scales, {} and {}",
                                        weight.name(),
                                        scale.name(),
                                        appended.get().name()))
                                : malformation(weight, scale)));
    }

    private static Optional<String> nameBeside(String weight) {
        return weight.endsWith(WEIGHT_SUFFIX)
                ? Optional.of(weight.substring(0, weight.length() - WEIGHT_SUFFIX.length()) + SCALE_SUFFIX)
                : Optional.empty();
    }

    private static Optional<String> malformation(StoredTensor weight, StoredTensor scale) {
        boolean isFloat = scale.type() == GgmlType.F32 || scale.type() == GgmlType.F16 || scale.type() == GgmlType.BF16;
        long count = scale.shape().elementCount();
        boolean stacked = weight.shape().rank() >= 3;
        if (isFloat && (count == 1 || stacked && count == weight.shape().dimension(0))) {
            return Optional.empty();
        }
        String counts = stacked && weight.shape().dimension(0) != 1
                ? "1 or " + weight.shape().dimension(0) + " elements"
                : "1 element";
        return Optional.of(Problem.fill(
                "tensor {}: companion scale {}: expected {} of type F32, F16 or BF16, got {} of type {}",
                weight.name(),
                scale.name(),
                counts,
                count,
                scale.type()));
    }
}
