package dev.ffmstore.cli;

import dev.ffmstore.Model;
import dev.ffmstore.gguf.GgufOptions;
import dev.ffmstore.internal.http.RemoteUrl;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.ITypeConverter;

/// A model as it is named on the command line: the path of a file or folder, or a URL of `https` or `http`.
sealed interface ModelArgument {
    /// Makes it of a word of the command line.
    final class Converter implements ITypeConverter<ModelArgument> {
        @Override
        public ModelArgument convert(String word) {
            return RemoteUrl.isOne(word) ? new Url(word) : new Local(Path.of(word));
        }
    }

    /// {@return the model; the caller closes it}
    Model open(GgufOptions limits) throws IOException;

    /// {@return the file alone, even if it is a part of a split model; the caller closes it}
    Model openPart(GgufOptions limits) throws IOException;

    /// {@return the path; empty if it is a URL}
    Optional<Path> path();

    /// {@return what messages about the model begin with}
    String name();

    /// The path of a file or folder.
    record Local(Path file) implements ModelArgument {
        @Override
        public Model open(GgufOptions limits) throws IOException {
            return Model.open(file, limits);
        }

        @Override
        public Model openPart(GgufOptions limits) throws IOException {
            return Model.openPart(file, limits);
        }

        @Override
        public Optional<Path> path() {
            return Optional.of(file);
        }

        @Override
        public String name() {
            return file.toString();
        }
    }

    /// A URL, which may be malformed; its query may be a secret.
    record Url(String text) implements ModelArgument {
        @Override
        public Model open(GgufOptions limits) throws IOException {
            return Model.open(RemoteUrl.parse(text).uri(), limits);
        }

        @Override
        public Model openPart(GgufOptions limits) throws IOException {
            return Model.openPart(RemoteUrl.parse(text).uri(), limits);
        }

        @Override
        public Optional<Path> path() {
            return Optional.empty();
        }

        @Override
        public String name() {
            return RemoteUrl.shown(text);
        }

        @Override
        public String toString() {
            return name();
        }
    }
}
