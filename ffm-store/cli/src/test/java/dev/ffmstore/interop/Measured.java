package dev.ffmstore.interop;

import dev.ffmstore.fixtures.Json;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// A program that ran to its end, with what it took.
///
/// @param seconds how long it ran
/// @param peakRssBytes the largest resident size of its process, mapped files included
/// @param output what it wrote to stdout
record Measured(double seconds, long peakRssBytes, String output) {
    private static final Path SCRIPT = Places.scripts().resolve("measured.py");

    /// Runs a program.
    ///
    /// @param program its path; or the name of one of IREE's tools, which is the environment's
    /// @throws IOException with all that was printed, if the exit status is not 0
    static Measured run(PythonEnvironment python, String program, List<String> arguments) throws IOException {
        List<String> line = new ArrayList<>(List.of(SCRIPT.toString(), program));
        line.addAll(arguments);
        Map<String, ?> json =
                Json.lines(python.run(line.toArray(String[]::new))).getFirst();
        return new Measured(
                ((Number) json.get("seconds")).doubleValue(),
                ((BigInteger) json.get("peakRssBytes")).longValueExact(),
                (String) json.get("output"));
    }
}
