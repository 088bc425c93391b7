package dev.ffmstore.mlir;

import dev.ffmstore.TensorSlot;
import dev.ffmstore.TensorSource;
import dev.ffmstore.export.FileLayout;
import java.nio.charset.StandardCharsets;

/// Writes MLIR text that declares tensors as parameters of IREE: one operation per tensor, and no data.
///
/// ```text
/// util.global private @"k" = #flow.parameter.named<"scope"::"k"> : tensor<4x4xf32>
/// ```
///
/// A module reads such a global with `util.global.load @"k" : tensor<4x4xf32>`. When the module runs, IREE finds
/// the data in the parameter archive that it was given under the same scope.
public final class MlirParameters {
    private MlirParameters() {}

    /// {@return the layout of the text, in UTF-8, with the operations in the order of the tensors}
    ///
    /// @param tensors the tensors to declare
    /// @param scope the name under which the archive will be given, such as `model`
    /// @throws IllegalArgumentException if the elements of a tensor are smaller than a byte
    public static FileLayout layout(TensorSource tensors, String scope) {
        StringBuilder text = new StringBuilder(Heading.of(tensors));
        for (TensorSlot tensor : tensors.tensors()) {
            String name = MlirString.quote(tensor.name());
            text.append("util.global private @")
                    .append(name)
                    .append(" = #flow.parameter.named<")
                    .append(MlirString.quote(scope))
                    .append("::")
                    .append(name)
                    .append("> : ")
                    .append(TensorType.of(tensor))
                    .append('\n');
        }
        return FileLayout.of(text.toString().getBytes(StandardCharsets.UTF_8));
    }
}
