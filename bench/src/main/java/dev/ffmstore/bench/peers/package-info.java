/// How other ways to load a model do.
@NullMarked
package dev.ffmstore.bench.peers;

import org.jspecify.annotations.NullMarked;
