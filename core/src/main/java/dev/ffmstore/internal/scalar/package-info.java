/// The scalar kernels, one class a family: the definition of every result. They work on arrays, so that C2 can see
/// that input and output do not alias, and vectorises what it can.
@NullMarked
package dev.ffmstore.internal.scalar;

import org.jspecify.annotations.NullMarked;

