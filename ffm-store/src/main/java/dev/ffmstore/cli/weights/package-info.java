/// Weights in files of any format the command line compares and describes: GGUF, safetensors, IREE parameter
/// archives
/// and folders of NumPy arrays, each as a source of constants. Nothing of a file is trusted.
@NullMarked
package dev.ffmstore.cli.weights;

import org.jspecify.annotations.NullMarked;
