/// ggml's own decoders, built and called: what ours are compared with.
@NullMarked
package dev.ffmstore.bench.ggml;

import org.jspecify.annotations.NullMarked;
