package dev.ffmstore.interop;

import dev.ffmstore.fixtures.Json;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/// The command line as it is delivered: the launcher script of the packaged folder, with its heap of 32 MiB.
final class Launcher {
    private Launcher() {}

    /// What a command took.
    ///
    /// @param measured its process
    /// @param json what it reported
    record Report(Measured measured, Map<String, ?> json) {
        /// {@return the peak of its heap}
        long heapPeakBytes() {
            return ((BigInteger) json.get("heapPeakBytes")).longValueExact();
        }
    }

    /// Runs a command that reports as JSON.
    ///
    /// @param arguments the command and its own, as [Object#toString()] has them; `--json` is added
    /// @throws IOException with all that was printed, if the exit status is not 0
    static Report run(Object... arguments) throws IOException {
        List<String> line =
                new ArrayList<>(Arrays.stream(arguments).map(Object::toString).toList());
        line.add("--json");
        Measured measured = Measured.run(Iree.environment(), Places.launcher().toString(), line);
        return new Report(measured, Json.lines(measured.output()).getFirst());
    }

    /// Exports a model whose floats become a type.
    ///
    /// @param options more of the command's
    static Report export(Path model, Path out, String dtype, String... options) throws IOException {
        List<Object> arguments = new ArrayList<>(List.of("export", model, "-o", out, "--dtype", dtype));
        arguments.addAll(List.of(options));
        return run(arguments.toArray());
    }
}
