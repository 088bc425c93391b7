package dev.ffmstore.mlir;

import dev.ffmstore.TensorSource;
import dev.ffmstore.internal.text.Printable;

/// The first line of MLIR text that is written here: a comment that says whose tensors follow.
///
/// ```text
/// // 201 tensors of model.gguf, names: hf
/// ```
final class Heading {
    private Heading() {}

    /// {@return the line, with its end}
    static String of(TensorSource tensors) {
        return "// " + tensors.tensors().size() + " tensors of " + Printable.escape(tensors.fileName()) + ", names: "
                + Printable.escape(tensors.convention()) + "\n";
    }
}
