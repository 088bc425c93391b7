package dev.ffmstore.bench.memory;

import dev.ffmstore.bench.run.ChildJvm;
import dev.ffmstore.bench.run.ChildRun;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;

/// The result of a load in a JVM of its own.
///
/// @param jvm the JVM
/// @param failure why the load failed, empty if it did not
/// @param facts what [MemoryChild] printed, empty if the load failed
record MemoryRun(ChildJvm jvm, String failure, Map<String, String> facts) {
    /// The time after which a load has failed: with a heap that is barely too small, a JVM can collect for very
    /// long.
    private static final Duration LIMIT = Duration.ofSeconds(120);

    /// Starts the JVM and waits until it ends.
    ///
    /// @throws IOException if the JVM cannot be started
    static MemoryRun of(ChildJvm jvm) throws IOException, InterruptedException {
        ChildRun run = ChildRun.of(jvm.process(), LIMIT);
        return new MemoryRun(jvm, run.failure(), run.passed() ? run.facts() : Map.of());
    }

    /// {@return whether the model was loaded}
    boolean passed() {
        return failure.isEmpty();
    }

    /// {@return the number that was printed for a key}
    long number(String key) {
        return Long.parseLong(facts.get(key));
    }
}
