/// What a run of any benchmark is made of: processes, models, memory that is ready for it, medians, JSON.
@NullMarked
package dev.ffmstore.bench.run;

import org.jspecify.annotations.NullMarked;
