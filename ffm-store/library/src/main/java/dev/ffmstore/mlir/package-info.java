/// MLIR modules whose constants are tensors of a model.
@NullMarked
package dev.ffmstore.mlir;

import org.jspecify.annotations.NullMarked;
