/// Writing files that are either complete or do not exist.
@NullMarked
package dev.ffmstore.internal.files;

import org.jspecify.annotations.NullMarked;
