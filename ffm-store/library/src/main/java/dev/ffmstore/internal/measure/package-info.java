/// What tensors hold, and how two of them differ: tile by tile, whatever their size, with the same result whatever
/// the number of workers.
@NullMarked
package dev.ffmstore.internal.measure;

import org.jspecify.annotations.NullMarked;
