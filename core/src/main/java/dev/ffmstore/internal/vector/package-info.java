/// The vector kernels, in the same families as the scalar ones. No other package uses `jdk.incubator.vector`.
///
/// The loops are compact on purpose. Hand-unrolled helpers exceed C2's inlining budget, and a conversion part or a
/// species that is not a constant makes every vector an object on the heap. The scalar family of the same name
/// shows the block layouts.
@NullMarked
package dev.ffmstore.internal.vector;

import org.jspecify.annotations.NullMarked;
