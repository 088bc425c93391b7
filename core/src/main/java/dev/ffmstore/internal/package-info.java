/// What the scalar and the vector decoders share.
@NullMarked
package dev.ffmstore.internal;

import org.jspecify.annotations.NullMarked;
