/// What all benchmarks share: processes, models, memory that is ready for a run, medians, JSON.
@NullMarked
package dev.ffmstore.bench.run;

import org.jspecify.annotations.NullMarked;
