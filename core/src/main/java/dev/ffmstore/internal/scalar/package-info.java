/// The scalar kernels, one class per family: they define every result. They work on arrays, so that C2 sees that
/// input and output do not alias and vectorises what it can.
@NullMarked
package dev.ffmstore.internal.scalar;

import org.jspecify.annotations.NullMarked;
