package dev.ffmstore.interop;

import dev.ffmstore.fixtures.Json;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What the libraries of Hugging Face make of exported folders, and how texts become tokens in llama.cpp.
final class Transformers {
    private Transformers() {}

    /// {@return the environment without PyTorch}
    static PythonEnvironment environment() throws IOException {
        return PythonEnvironment.of(Places.scripts().resolve("requirements-transformers.txt"));
    }

    /// {@return the environment with PyTorch}
    static PythonEnvironment withTorch() throws IOException {
        return PythonEnvironment.of(Places.scripts().resolve("requirements-torch.txt"));
    }

    /// {@return what the script `hf_tokens.py` says of each folder}
    static List<Map<String, @Nullable Object>> tokens(List<Path> folders) throws IOException {
        return lines(environment(), "hf_tokens.py", folders);
    }

    /// {@return what the script `llama_cpp_tokens.py` says of each model}
    static List<Map<String, @Nullable Object>> tokensOfLlamaCpp(List<Path> models) throws IOException {
        return lines(LlamaCpp.environment(), "llama_cpp_tokens.py", models);
    }

    private static List<Map<String, @Nullable Object>> lines(
            PythonEnvironment python, String script, List<Path> arguments) throws IOException {
        List<String> line =
                new ArrayList<>(List.of(Places.scripts().resolve(script).toString()));
        arguments.forEach(argument -> line.add(argument.toString()));
        return Json.lines(python.run(line.toArray(String[]::new)));
    }
}
