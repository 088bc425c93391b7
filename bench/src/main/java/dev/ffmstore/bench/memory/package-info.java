/// How much heap and resident memory a load takes in a fresh JVM.
@NullMarked
package dev.ffmstore.bench.memory;

import org.jspecify.annotations.NullMarked;
