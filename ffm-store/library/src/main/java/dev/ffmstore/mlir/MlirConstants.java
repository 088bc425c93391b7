package dev.ffmstore.mlir;

import dev.ffmstore.export.Constant;
import dev.ffmstore.export.ConstantSource;
import dev.ffmstore.export.FileLayout;
import dev.ffmstore.internal.text.Printable;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/// An MLIR module as text that holds constants, each returned by a function of its name, the data in hex at the
/// end.
///
/// ```text
/// module {
///   func.func @"k"() -> tensor<4xf32> {
///     %0 = stablehlo.constant dense_resource<"k"> : tensor<4xf32>
///     return %0 : tensor<4xf32>
///   }
/// }
/// {-#
///   dialect_resources: {
///     builtin: {
///       "k": "0x100000000000803F…"
///     }
///   }
/// #-}
/// ```
///
/// Only the dialects func and stablehlo are used, so every compiler of StableHLO reads it. The functions are
/// public:
/// the module can be compiled and called as it is, and merged into one that calls them. Tied constants have one
/// resource. The file is some 2.0 times as large as the data.
public final class MlirConstants {
    private MlirConstants() {}

    /// {@return the module, UTF-8, in the order of the constants}
    ///
    /// @param constants what to write
    public static FileLayout layout(ConstantSource constants) {
        Map<String, Constant> data = new LinkedHashMap<>();
        StringBuilder text = new StringBuilder("// ")
                .append(constants.constants().size())
                .append(" tensors of ")
                .append(Printable.escape(constants.name()))
                .append(", names: ")
                .append(Printable.escape(constants.convention()))
                .append("\nmodule {\n");
        for (Constant constant : constants.constants()) {
            String resource = constant.aliasOf().filter(data::containsKey).orElse(constant.name());
            if (resource.equals(constant.name())) {
                data.put(resource, constant);
            }
            append(text, constant, resource);
        }
        text.append("}\n");
        FileLayout.Builder layout = FileLayout.builder();
        layout.add(new FileLayout.Literal(text.toString().getBytes(StandardCharsets.UTF_8)));
        TextModule.addMetadata(layout, data);
        return layout.build();
    }

    private static void append(StringBuilder text, Constant constant, String resource) {
        TensorType type = TensorType.of(constant);
        text.append("  func.func @")
                .append(MlirString.quote(constant.name()))
                .append("() -> ")
                .append(type)
                .append(" {\n    %0 = stablehlo.constant dense_resource<")
                .append(MlirString.quote(resource))
                .append("> : ")
                .append(type)
                .append("\n    return %0 : ")
                .append(type)
                .append("\n  }\n");
    }
}
