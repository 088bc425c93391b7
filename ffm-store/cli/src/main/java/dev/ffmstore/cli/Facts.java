package dev.ffmstore.cli;

import java.io.PrintWriter;
import java.util.Locale;

/// A list of named facts on paper, a line each.
final class Facts {
    private final PrintWriter out;

    Facts(PrintWriter out) {
        this.out = out;
    }

    Facts add(String name, String value) {
        out.println(String.format(Locale.ROOT, "  %-15s %s", name, value));
        return this;
    }
}
