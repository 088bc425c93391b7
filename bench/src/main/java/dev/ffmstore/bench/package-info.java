/// Benchmarks of ffm-store, a package for each question; here is the program that has them all.
///
/// What each one answers and how to run it stands in `bench/README.md`.
@NullMarked
package dev.ffmstore.bench;

import org.jspecify.annotations.NullMarked;
