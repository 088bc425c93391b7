package dev.ffmstore.cli;

import dev.ffmstore.TensorForm;
import picocli.CommandLine.Option;

/// The option that says what becomes of companion scales.
final class ScaleChoice {
    @Option(
            names = "--apply-scales",
            negatable = true,
            description = "multiply tensors by their companion scales, where the file has any (NAME.scale,"
                    + " NAME.weight.scale, and of 8-bit floats NAME.weight_scale_inv or NAME.weight_scale); without"
                    + " this they keep their values")
    private boolean applyScales;

    TensorForm apply(TensorForm form) {
        return form.scales(applyScales ? TensorForm.Scales.APPLIED : TensorForm.Scales.LEFT);
    }
}
