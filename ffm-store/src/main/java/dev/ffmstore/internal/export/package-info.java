/// What stands between a file layout and the written file: readers of constants, rendering, writers.
@NullMarked
package dev.ffmstore.internal.export;

import org.jspecify.annotations.NullMarked;
