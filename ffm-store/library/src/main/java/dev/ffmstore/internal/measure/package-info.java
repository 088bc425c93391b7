/// Measures what tensors hold, and how two of them differ, tile by tile. The result does not depend on the number
/// of workers.
@NullMarked
package dev.ffmstore.internal.measure;

import org.jspecify.annotations.NullMarked;
