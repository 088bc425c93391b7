package dev.ffmstore.mlir;

import dev.ffmstore.TensorSlot;
import dev.ffmstore.TensorSource;
import dev.ffmstore.export.FileLayout;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/// Writes an MLIR module, as text, with a function for each tensor that returns it as a constant. The data is at
/// the end, in hex.
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
/// public: the module can be compiled and called as it is, or merged into one that calls them. Tied tensors share
/// one resource. The file is about twice as large as the data.
public final class MlirConstants {
    private MlirConstants() {}

    /// {@return the layout of the module, in UTF-8, with the functions in the order of the tensors}
    ///
    /// @param tensors the tensors to write
    /// @throws IllegalArgumentException if the elements of a tensor are smaller than a byte
    public static FileLayout layout(TensorSource tensors) {
        Map<String, TensorSlot> data = new LinkedHashMap<>();
        StringBuilder text = new StringBuilder(Heading.of(tensors)).append("module {\n");
        for (TensorSlot tensor : tensors.tensors()) {
            String resource = tensor.aliasOf().filter(data::containsKey).orElse(tensor.name());
            if (resource.equals(tensor.name())) {
                data.put(resource, tensor);
            }
            append(text, tensor, resource);
        }
        text.append("}\n");
        FileLayout.Builder layout = FileLayout.builder(tensors);
        layout.add(new FileLayout.Literal(text.toString().getBytes(StandardCharsets.UTF_8)));
        TextModule.addMetadata(layout, data);
        return layout.build();
    }

    private static void append(StringBuilder text, TensorSlot tensor, String resource) {
        TensorType type = TensorType.of(tensor);
        text.append("  func.func @")
                .append(MlirString.quote(tensor.name()))
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
