package dev.ffmstore.bench.run;

/// What a long measurement is at, on stderr.
public final class Progress {
    private static final long START = System.nanoTime();

    private Progress() {}

    /// Prints a line, with the seconds since the first.
    public static void say(String what) {
        System.err.printf("%4d s  %s%n", (System.nanoTime() - START) / 1_000_000_000, what);
    }
}
