package dev.ffmstore.formats;

import dev.ffmstore.gguf.MetadataValue;

/// Floating-point numbers as JSON writes them.
final class JsonNumbers {
    private JsonNumbers() {}

    /// {@return the shortest number that is read back as the same value of its type; infinities and NaN, which JSON
    /// does not have, become strings that the float parsers of Python and Java read}
    static String of(MetadataValue.Real number) {
        double value = number.value();
        if (Double.isNaN(value) || Double.isInfinite(value)) {
            return "\"" + value + "\"";
        }
        return number.toString();
    }
}
