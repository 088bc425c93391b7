package dev.ffmstore.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// The formats that `export` can write.
enum ExportFormat {
    IRPA,
    SAFETENSORS,
    NPY,
    MLIR_PARAMS,
    MLIR_CONSTANTS;

    /// {@return the name on the command line, as `mlir-params`}
    String word() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /// {@return all names, as a sentence lists them}
    static String words() {
        return String.join(", ", Arrays.stream(values()).map(ExportFormat::word).toList());
    }

    /// {@return the format of this name, if there is one}
    static Optional<ExportFormat> of(String word) {
        return Arrays.stream(values())
                .filter(format -> format.word().equals(word.toLowerCase(Locale.ROOT)))
                .findFirst();
    }

    /// {@return the format that the name of a target suggests, if it suggests one}
    static Optional<ExportFormat> guess(String target) {
        String name = target.toLowerCase(Locale.ROOT);
        if (name.endsWith(".irpa")) {
            return Optional.of(IRPA);
        }
        if (name.endsWith(".safetensors")) {
            return Optional.of(SAFETENSORS);
        }
        if (name.endsWith("/") || name.endsWith("\\") || Files.isDirectory(Path.of(target))) {
            return Optional.of(NPY);
        }
        return Optional.empty();
    }

    static final class Words implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return List.of(values()).stream().map(ExportFormat::word).iterator();
        }
    }
}
