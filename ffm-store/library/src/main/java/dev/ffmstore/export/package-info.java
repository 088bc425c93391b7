/// Dense tensors out of the store or straight out of a model: the source of constants, file layouts, and a class
/// for each format.
@NullMarked
package dev.ffmstore.export;

import org.jspecify.annotations.NullMarked;

