package dev.ffmstore;

import dev.ffmstore.gguf.Source;
import dev.ffmstore.internal.http.HttpSource;
import dev.ffmstore.internal.http.RemoteUrl;
import dev.ffmstore.internal.text.Problem;
import java.io.IOException;
import java.net.URI;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.Path;

/// Where a model's file lies, and how it and the files beside it are opened. Immutable.
sealed interface Location {
    /// {@return the location that a path is}
    static Location of(Path path) {
        return new Local(path);
    }

    /// {@return the location that a URI names}
    ///
    /// @throws IOException if its scheme is none of `file`, `http` and `https`, or it is malformed
    static Location of(URI uri) throws IOException {
        if (!"file".equalsIgnoreCase(uri.getScheme())) {
            return new Remote(RemoteUrl.of(uri));
        }
        try {
            return new Local(Path.of(uri));
        } catch (IllegalArgumentException | FileSystemNotFoundException e) {
            throw new IOException(Problem.of(RemoteUrl.shown(uri.toString()), "names no local file: {}", e.getMessage())
                    .toString());
        }
    }

    /// {@return the name of the file in messages}
    String name();

    /// {@return the bytes of the file; the caller closes the source}
    ///
    /// @throws IOException if it cannot be opened
    Source open() throws IOException;

    /// {@return the bytes of another file in the same folder; the caller closes the source}
    ///
    /// @param fileName the name of that file, without a folder
    /// @throws IOException if it cannot be opened
    Source openSibling(String fileName) throws IOException;

    /// A local file or folder.
    record Local(Path path) implements Location {
        @Override
        public String name() {
            return path.toString();
        }

        @Override
        public Source open() throws IOException {
            return Source.of(path);
        }

        @Override
        public Source openSibling(String fileName) throws IOException {
            return Source.of(path.resolveSibling(fileName));
        }
    }

    /// A file on a server.
    record Remote(RemoteUrl url) implements Location {
        @Override
        public String name() {
            return url.name();
        }

        @Override
        public Source open() throws IOException {
            return HttpSource.open(url);
        }

        @Override
        public Source openSibling(String fileName) throws IOException {
            return HttpSource.open(url.sibling(fileName));
        }
    }
}
