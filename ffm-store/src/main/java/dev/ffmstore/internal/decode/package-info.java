/// The work of a load: workers that take ranges of the output off one counter, and fill them block by block.
@NullMarked
package dev.ffmstore.internal.decode;

import org.jspecify.annotations.NullMarked;
