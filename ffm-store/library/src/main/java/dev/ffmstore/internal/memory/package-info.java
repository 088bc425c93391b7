/// The memory that tensors live in, how much memory there is, and how much the process uses. The only package that
/// calls the linker.
@NullMarked
package dev.ffmstore.internal.memory;

import org.jspecify.annotations.NullMarked;
