package dev.ffmstore.interop;

import java.io.IOException;
import java.nio.file.Path;

/// What llama.cpp makes of a model: one more opinion.
final class LlamaCpp {
    private static final Path SCRIPT = Places.scripts().resolve("llama_cpp_logits.py");

    private LlamaCpp() {}

    /// {@return the logits of a prompt}
    ///
    /// @param tokens token ids with commas between
    /// @param out where they go
    static Logits logits(Path model, String tokens, Path out) throws IOException {
        environment().run(SCRIPT.toString(), model.toString(), tokens, out.toString());
        return new Logits(out);
    }

    static PythonEnvironment environment() throws IOException {
        return PythonEnvironment.compiled(
                Places.scripts().resolve("requirements-llama-tools.txt"),
                Places.scripts().resolve("requirements-llama.txt"));
    }
}
