/// How much longer an export takes than writing as many bytes.
@NullMarked
package dev.ffmstore.bench.export;

import org.jspecify.annotations.NullMarked;
