/// Benchmarks of ffm-store, with a package for each question; this one has the program that runs all of them.
///
/// `bench/README.md` says what each one answers and how to run it.
@NullMarked
package dev.ffmstore.bench;

import org.jspecify.annotations.NullMarked;
