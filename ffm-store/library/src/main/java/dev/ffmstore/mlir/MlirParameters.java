package dev.ffmstore.mlir;

import dev.ffmstore.export.Constant;
import dev.ffmstore.export.ConstantSource;
import dev.ffmstore.export.FileLayout;
import dev.ffmstore.internal.text.Printable;
import java.nio.charset.StandardCharsets;

/// MLIR text that declares constants as parameters of IREE: an operation for each, no data.
///
/// ```text
/// util.global private @"k" = #flow.parameter.named<"scope"::"k"> : tensor<4x4xf32>
/// ```
///
/// A module reads such a global with `util.global.load @"k" : tensor<4x4xf32>`, and IREE finds its data, when the
/// module runs, in a parameter archive that was given under the same scope.
public final class MlirParameters {
    private MlirParameters() {}

    /// {@return the text, UTF-8, in the order of the constants}
    ///
    /// @param constants what to declare
    /// @param scope the name under which the archive will be given, such as `model`
    public static FileLayout layout(ConstantSource constants, String scope) {
        StringBuilder text = new StringBuilder("// ")
                .append(constants.constants().size())
                .append(" tensors of ")
                .append(Printable.escape(constants.name()))
                .append(", names: ")
                .append(Printable.escape(constants.convention()))
                .append('\n');
        for (Constant constant : constants.constants()) {
            String name = MlirString.quote(constant.name());
            text.append("util.global private @")
                    .append(name)
                    .append(" = #flow.parameter.named<")
                    .append(MlirString.quote(scope))
                    .append("::")
                    .append(name)
                    .append("> : ")
                    .append(TensorType.of(constant))
                    .append('\n');
        }
        return FileLayout.builder()
                .add(new FileLayout.Literal(text.toString().getBytes(StandardCharsets.UTF_8)))
                .build();
    }
}
