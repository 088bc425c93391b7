package dev.ffmstore.bench.run;

/// Says on stderr how far a long measurement is.
public final class Progress {
    private static final long START = System.nanoTime();

    private Progress() {}

    /// Prints a line, with the seconds since the first line.
    public static void say(String what) {
        System.err.printf("%4d s  %s%n", (System.nanoTime() - START) / 1_000_000_000, what);
    }
}
