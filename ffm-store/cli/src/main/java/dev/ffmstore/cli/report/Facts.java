package dev.ffmstore.cli.report;

import java.io.PrintWriter;
import java.util.Locale;

/// Prints a list of named facts, one per line.
public final class Facts {
    private final PrintWriter out;

    public Facts(PrintWriter out) {
        this.out = out;
    }

    public Facts add(String name, String value) {
        out.println(String.format(Locale.ROOT, "  %-15s %s", name, value));
        return this;
    }

    /// Adds what became of companion scales, if there are any.
    Facts addScales(long applied, long unapplied) {
        if (applied > 0) {
            add("scales", "companion scales: " + Sizes.grouped(applied) + " applied");
        }
        if (unapplied > 0) {
            add(
                    "scales",
                    "companion scales: " + Sizes.grouped(unapplied) + " not applied; --apply-scales applies them");
        }
        return this;
    }
}
