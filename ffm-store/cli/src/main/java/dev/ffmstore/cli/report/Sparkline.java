package dev.ffmstore.cli.report;

import dev.ffmstore.internal.measure.Histogram;

/// Draws a histogram in one word.
public final class Sparkline {
    private static final int CHARACTERS = 16;
    private static final String LEVELS = "▁▂▃▄▅▆▇█";

    private Sparkline() {}

    /// {@return sixteen bars from the smallest values to the largest; an empty bin is a blank}
    public static String of(Histogram histogram) {
        int width = Histogram.BINS / CHARACTERS;
        long[] bars = new long[CHARACTERS];
        long highest = 0;
        for (int bin = 0; bin < Histogram.BINS; bin++) {
            int bar = bin / width;
            bars[bar] += histogram.counts().get(bin);
            highest = Math.max(highest, bars[bar]);
        }
        StringBuilder line = new StringBuilder();
        for (long bar : bars) {
            line.append(bar == 0 ? ' ' : LEVELS.charAt((int) ((double) bar / highest * (LEVELS.length() - 1))));
        }
        return highest == 0 ? "" : line.toString();
    }
}
