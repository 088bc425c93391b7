package dev.ffmstore.cli.report;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.util.Locale;

/// Writes real numbers in reports.
public final class Figures {
    private Figures() {}

    /// {@return a number with four digits, the same in every locale; empty for NaN}
    public static String of(double number) {
        if (Double.isNaN(number)) {
            return "";
        }
        if (Double.isInfinite(number)) {
            return number > 0 ? "inf" : "-inf";
        }
        double size = Math.abs(number);
        if (size < 1e6 && number == Math.rint(number)) {
            return Long.toString((long) number);
        }
        String format = size >= 1e-3 && size < 1e6 ? "%.4g" : "%.3e";
        return String.format(Locale.ROOT, format, number);
    }

    /// Writes a number with all its digits; NaN is left out, an infinite number is the string `Infinity` or
    /// `-Infinity`.
    public static void write(JsonGenerator json, String name, double number) throws IOException {
        if (Double.isInfinite(number)) {
            json.writeStringField(name, Double.toString(number));
        } else if (!Double.isNaN(number)) {
            json.writeNumberField(name, number);
        }
    }
}
