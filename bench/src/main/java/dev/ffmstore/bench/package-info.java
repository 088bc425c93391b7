/// Benchmarks of ffm-store: kernels, whole loads against the limit of the machine, memory.
///
/// What each one answers and how to run it stands in `bench/README.md`.
@NullMarked
package dev.ffmstore.bench;

import org.jspecify.annotations.NullMarked;

