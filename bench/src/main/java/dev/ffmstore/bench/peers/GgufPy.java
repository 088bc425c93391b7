package dev.ffmstore.bench.peers;

import dev.ffmstore.bench.run.ChildRun;
import dev.ffmstore.bench.run.UserCache;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// ggml's Python package, run in a process of its own.
///
/// @param python an interpreter that can import `gguf`
record GgufPy(Path python) {
    private static final Duration LIMIT = Duration.ofSeconds(300);

    /// {@return the first interpreter that can import `gguf`: the given one, or one that the interop suite keeps in
    /// the user's cache folder}
    static Optional<GgufPy> find(Optional<Path> given) throws IOException, InterruptedException {
        if (given.isPresent()) {
            return given.map(GgufPy::new).filter(GgufPy::imports);
        }
        Path cache = UserCache.folder();
        if (!Files.isDirectory(cache)) {
            return Optional.empty();
        }
        try (DirectoryStream<Path> kept = Files.newDirectoryStream(cache, "python-*")) {
            for (Path folder : kept) {
                GgufPy found = new GgufPy(folder.resolve("bin/python"));
                if (Files.isExecutable(found.python) && found.imports()) {
                    return Optional.of(found);
                }
            }
        }
        return Optional.empty();
    }

    private boolean imports() {
        try {
            return ChildRun.of(new ProcessBuilder(python.toString(), "-E", "-s", "-c", "import gguf"), LIMIT)
                    .passed();
        } catch (IOException cannotStart) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /// Loads a model.
    ChildRun run(Path model) throws IOException, InterruptedException {
        return ChildRun.of(
                new ProcessBuilder(
                        List.of(python.toString(), "-E", "-s", "-B", "-X", "utf8", "-c", script(), model.toString())),
                LIMIT);
    }

    private static String script() throws IOException {
        try (InputStream script = GgufPy.class.getResourceAsStream("gguf_py.py")) {
            if (script == null) {
                throw new IOException("gguf_py.py: expected it among the resources");
            }
            return new String(script.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
