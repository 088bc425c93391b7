package dev.ffmstore.mlir;

import dev.ffmstore.gguf.Source;
import java.io.IOException;
import java.util.Map;

/// Types of resources that a user declares for a module that does not state them itself.
///
/// A file of such types is UTF-8 text with one line per resource: its name, blanks, and its type. A name with
/// blanks is written in quotes, as in MLIR. Empty lines, and lines that begin with `//`, are ignored.
///
/// ```text
/// // name               type
/// output_norm.weight    tensor<2048xf32>
/// "a name with blanks"  tensor<4x4xf16>
/// ```
///
/// Immutable.
public final class DeclaredTypes {
    private static final DeclaredTypes NONE = new DeclaredTypes("", Map.of());

    private final String file;
    private final Map<String, TypesFile.Line> lines;

    private DeclaredTypes(String file, Map<String, TypesFile.Line> lines) {
        this.file = file;
        this.lines = lines;
    }

    /// {@return an object that declares no types}
    public static DeclaredTypes none() {
        return NONE;
    }

    /// Reads a file of types.
    ///
    /// @param source the file, 16 MiB at most; the caller closes it
    /// @throws ModuleException if a line is malformed, or a name occurs twice
    /// @throws IOException if the file cannot be read
    public static DeclaredTypes read(Source source) throws IOException {
        return new DeclaredTypes(source.name(), TypesFile.read(source));
    }

    String file() {
        return file;
    }

    Map<String, TypesFile.Line> lines() {
        return lines;
    }
}
