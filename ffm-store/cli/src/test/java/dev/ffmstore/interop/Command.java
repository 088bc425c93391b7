package dev.ffmstore.interop;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// A program that was run to its end.
///
/// @param line what was run
/// @param status its exit status
/// @param output what it wrote to stdout
/// @param errors what it wrote to stderr
record Command(List<String> line, int status, String output, String errors) {

    /// Runs a program.
    ///
    /// @throws IOException if there is no such program; a status other than 0 is not an exception
    static Command run(List<String> line) throws IOException {
        Path errors = Files.createTempFile("ffm-store-interop", ".stderr");
        try {
            ProcessBuilder builder = new ProcessBuilder(line).redirectError(errors.toFile());
            Process process = builder.start();
            try (var output = process.getInputStream()) {
                process.getOutputStream().close();
                String text = new String(output.readAllBytes(), StandardCharsets.UTF_8);
                return new Command(line, process.waitFor(), text, Files.readString(errors));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new InterruptedIOException("interrupted while running " + String.join(" ", line));
            } finally {
                process.destroy();
            }
        } finally {
            Files.delete(errors);
        }
    }

    boolean succeeded() {
        return status == 0;
    }

    /// {@return the output}
    ///
    /// @throws IOException with all that was printed, if the program failed
    String outputOrFail() throws IOException {
        if (!succeeded()) {
            throw new IOException("exit status " + status + " of " + String.join(" ", line) + "\n" + output + errors);
        }
        return output;
    }
}
