package dev.ffmstore.interop;

import dev.ffmstore.fixtures.Json;
import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.gguf.Shape;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What gguf-py, ggml's Python package, makes of files and blocks: the other opinion.
final class GgufPy {
    private static final Path DEQUANTIZE = Places.scripts().resolve("dequantize.py");
    private static final Path METADATA = Places.scripts().resolve("metadata.py");
    private static final Path DECODE_BLOCKS = Places.scripts().resolve("decode_blocks.py");

    private GgufPy() {}

    /// A tensor as gguf-py sees it.
    ///
    /// @param name its name
    /// @param type the name of its ggml type
    /// @param dtype numpy's name for the type of its dense elements
    /// @param shape row-major
    /// @param byteSize its size in the file
    /// @param sha256 that of its dense little-endian bytes; empty if gguf-py does not decode the type
    record ReferenceTensor(
            String name, String type, String dtype, Shape shape, long byteSize, Optional<String> sha256) {

        private static ReferenceTensor of(Map<String, @Nullable Object> json) {
            long[] dimensions = ((List<?>) json.get("shape"))
                    .stream().mapToLong(n -> ((BigInteger) n).longValueExact()).toArray();
            return new ReferenceTensor(
                    (String) json.get("name"),
                    (String) json.get("type"),
                    (String) json.get("dtype"),
                    Shape.of(dimensions),
                    ((BigInteger) json.get("byteSize")).longValueExact(),
                    Optional.ofNullable((String) json.get("sha256")));
        }
    }

    /// {@return the Python that has gguf-py}
    static PythonEnvironment environment() throws IOException {
        return PythonEnvironment.of(Places.scripts().resolve("requirements.txt"));
    }

    /// {@return all tensors of a file, in its order}
    static List<ReferenceTensor> tensors(Path file) throws IOException {
        return Json.lines(environment().run(DEQUANTIZE.toString(), file.toString())).stream()
                .map(ReferenceTensor::of)
                .toList();
    }

    /// Writes the dense bytes of one tensor to a file.
    static void writeTensor(Path file, String tensor, Path out) throws IOException {
        environment().run(DEQUANTIZE.toString(), file.toString(), tensor, out.toString());
    }

    /// {@return the metadata of a file, in its order: maps of key, type, value and for arrays elementType, as
    /// metadata.py has them}
    static List<Map<String, @Nullable Object>> metadata(Path file) throws IOException {
        return Json.lines(environment().run(METADATA.toString(), file.toString()));
    }

    /// Decodes each file `TYPE.bin` of a folder to `TYPE.f32` beside it.
    ///
    /// @return the types that were decoded; gguf-py does not know all
    static Set<GgmlType> decodeBlocks(Path folder) throws IOException {
        Set<GgmlType> decoded = EnumSet.noneOf(GgmlType.class);
        environment()
                .run(DECODE_BLOCKS.toString(), folder.toString())
                .lines()
                .forEach(name -> decoded.add(GgmlType.valueOf(name)));
        return decoded;
    }
}
