package dev.ffmstore.bench.memory;

import dev.ffmstore.bench.run.ChildJvm;
import dev.ffmstore.bench.run.ChildRun;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;

/// How a load went in a JVM of its own.
///
/// @param jvm the JVM
/// @param failure why it failed, empty if it did not
/// @param facts what [MemoryChild] printed, empty if it failed
record MemoryRun(ChildJvm jvm, String failure, Map<String, String> facts) {
    /// A heap that is all but enough can keep a JVM collecting for very long; that is no pass.
    private static final Duration LIMIT = Duration.ofSeconds(120);

    /// Starts the JVM and waits for its end.
    ///
    /// @throws IOException if it cannot be started
    static MemoryRun of(ChildJvm jvm) throws IOException, InterruptedException {
        ChildRun run = ChildRun.of(jvm.process(), LIMIT);
        return new MemoryRun(jvm, run.failure(), run.passed() ? run.facts() : Map.of());
    }

    /// {@return whether the model was loaded}
    boolean passed() {
        return failure.isEmpty();
    }

    /// {@return a number that was printed}
    long number(String key) {
        return Long.parseLong(facts.get(key));
    }
}
