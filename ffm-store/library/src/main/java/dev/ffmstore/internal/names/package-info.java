/// Conventions of names and layouts, and the translation of a model's tensors into them.
@NullMarked
package dev.ffmstore.internal.names;

import org.jspecify.annotations.NullMarked;
