/// Memory: where tensors live, how much of it there is, and how much the process uses. The only package that
/// calls the linker.
@NullMarked
package dev.ffmstore.internal.memory;

import org.jspecify.annotations.NullMarked;
