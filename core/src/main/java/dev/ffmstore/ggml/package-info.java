/// ggml's block types, and the decoders that turn blocks into dense elements.
///
/// [dev.ffmstore.ggml.GgmlType] names the types; [dev.ffmstore.ggml.BlockDecoders] is the one place that
/// chooses between the scalar and the vector kernels. The scalar kernels define the result; the vector kernels
/// give the same bits.
@NullMarked
package dev.ffmstore.ggml;

import org.jspecify.annotations.NullMarked;
