/// How fast a whole load is: against the machine's limit, from a cold start, with larger and with many tensors.
@NullMarked
package dev.ffmstore.bench.load;

import org.jspecify.annotations.NullMarked;
