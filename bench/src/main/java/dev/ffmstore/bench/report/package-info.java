/// Runs all benchmarks, and makes a page with tables and plots.
@NullMarked
package dev.ffmstore.bench.report;

import org.jspecify.annotations.NullMarked;
