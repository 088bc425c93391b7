/// All of the benchmarks in one run, as a page with tables and plots.
@NullMarked
package dev.ffmstore.bench.report;

import org.jspecify.annotations.NullMarked;
