/// How fast each decoder is, beside ggml's own and the limit of the machine.
@NullMarked
package dev.ffmstore.bench.kernels;

import org.jspecify.annotations.NullMarked;
