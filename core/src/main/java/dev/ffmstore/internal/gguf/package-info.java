/// Writing GGUF, for tests and the demo model.
@NullMarked
package dev.ffmstore.internal.gguf;

import org.jspecify.annotations.NullMarked;
