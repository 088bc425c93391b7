package dev.ffmstore.interop;

import dev.ffmstore.fixtures.Json;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.Map;

/// Logits in an NPY file, one row for each token of a prompt.
record Logits(Path file) {

    /// How far logits are from those of a reference.
    ///
    /// @param relativeError the largest difference, divided by the largest absolute logit of the reference
    /// @param sameTop at how many positions the likeliest token is the same
    /// @param positions how many positions there are
    /// @param identical whether all bits are the same
    record Distance(double relativeError, int sameTop, int positions, boolean identical) {}

    Distance from(Logits reference) throws IOException {
        Map<String, ?> json = Json.lines(Iree.script("compare_logits.py", reference.file, file))
                .getFirst();
        return new Distance(
                ((Number) json.get("relativeError")).doubleValue(),
                ((BigInteger) json.get("sameTop")).intValueExact(),
                ((BigInteger) json.get("positions")).intValueExact(),
                (Boolean) json.get("identical"));
    }
}
