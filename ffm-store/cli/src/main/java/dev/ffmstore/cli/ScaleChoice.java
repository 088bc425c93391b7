package dev.ffmstore.cli;

import dev.ffmstore.TensorForm;
import picocli.CommandLine.Option;

/// The option that says what becomes of companion scales.
final class ScaleChoice {
    @Option(
            names = "--apply-scales",
            negatable = true,
            description = "multiply NVFP4 tensors by their companion scales, where the file has any; without this they"
                    + " keep ggml's values")
    private boolean applyScales;

    TensorForm apply(TensorForm form) {
        return form.scales(applyScales ? TensorForm.Scales.APPLIED : TensorForm.Scales.LEFT);
    }
}
