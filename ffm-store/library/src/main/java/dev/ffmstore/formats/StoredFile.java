package dev.ffmstore.formats;

import dev.ffmstore.gguf.Source;
import java.io.IOException;
import java.nio.file.Path;

/// A file that was read, and what it was then. Each reader opens it for itself; nothing stays open in between.
///
/// @param path the file
/// @param identity what it was
record StoredFile(Path path, Source.Identity identity) {
    static StoredFile of(Path path, Source source) throws IOException {
        return new StoredFile(path, source.identity());
    }

    /// {@return the file, which the caller closes}
    ///
    /// @throws IOException if it has changed
    Source open() throws IOException {
        Source source = Source.of(path);
        try {
            requireUnchanged(source.identity());
        } catch (IOException e) {
            source.close();
            throw e;
        }
        return source;
    }

    /// @throws IOException if it has changed
    void checkUnchanged() throws IOException {
        try (Source source = Source.of(path)) {
            requireUnchanged(source.identity());
        }
    }

    private void requireUnchanged(Source.Identity now) throws IOException {
        if (!now.equals(identity)) {
            throw WeightsException.of(
                    path.toString(),
                    "has changed since it was opened",
                    identity.size() + " bytes of " + identity.modified(),
                    now.size() + " bytes of " + now.modified());
        }
    }
}
