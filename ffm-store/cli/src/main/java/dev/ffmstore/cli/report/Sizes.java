package dev.ffmstore.cli.report;

import java.util.Locale;

/// Writes numbers as people read them, the same in every locale.
public final class Sizes {
    private static final String[] UNITS = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};

    private Sizes() {}

    /// {@return a number with its digits in groups, as `4,400,193,536`}
    public static String grouped(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    /// {@return a size in bytes, and in a larger unit if one fits, as `4,400,193,536 bytes (4.10 GiB)`}
    public static String bytes(long bytes) {
        return grouped(bytes) + " bytes" + (bytes < 1024 ? "" : " (" + rounded(bytes) + ")");
    }

    /// {@return a size in bytes in the largest unit that fits, as `4.10 GiB`}
    public static String rounded(long bytes) {
        int unit = Math.max(0, (63 - Long.numberOfLeadingZeros(Math.max(bytes, 1))) / 10);
        return unit == 0
                ? bytes + " bytes"
                : String.format(Locale.ROOT, "%.2f %s", bytes / Math.pow(1024, unit), UNITS[unit]);
    }
}
