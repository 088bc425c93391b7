/// The one loop: workers that take numbered pieces of work off one counter.
@NullMarked
package dev.ffmstore.internal.pass;

import org.jspecify.annotations.NullMarked;
