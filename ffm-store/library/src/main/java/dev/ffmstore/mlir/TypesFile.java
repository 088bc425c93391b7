package dev.ffmstore.mlir;

import dev.ffmstore.gguf.Source;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Reads a file of names and types, one of each per line.
final class TypesFile {
    private static final long MAX_BYTES = 16 << 20;
    private static final Pattern TYPE = Pattern.compile("tensor\\s*<(\\S+)>");

    private TypesFile() {}

    /// What a line declares for its name.
    ///
    /// @param type the type of the tensor
    /// @param offset where the line starts in the file
    record Line(TensorType type, long offset) {}

    /// {@return the types by their names, in the order of the file}
    ///
    /// @throws IOException if the file cannot be read, or is malformed
    static Map<String, Line> read(Source source) throws IOException {
        if (source.size() > MAX_BYTES) {
            throw ModuleException.of(
                    source.name(),
                    "is too large for a file of types: expected {} bytes at most, got {}",
                    MAX_BYTES,
                    source.size());
        }
        byte[] bytes = new byte[(int) source.size()];
        source.read(0, MemorySegment.ofArray(bytes));
        Map<String, Line> types = new LinkedHashMap<>();
        for (int start = 0; start < bytes.length; ) {
            int end = start;
            while (end < bytes.length && bytes[end] != '\n') {
                end++;
            }
            add(types, source, Arrays.copyOfRange(bytes, start, end), start);
            start = end + 1;
        }
        return types;
    }

    private static void add(Map<String, Line> types, Source source, byte[] line, long offset) throws ModuleException {
        String text = MlirString.utf8(line, line.length)
                .orElseThrow(() -> ModuleException.at(source.name(), offset, null, null, "is not UTF-8"))
                .strip();
        if (text.isEmpty() || text.startsWith("//")) {
            return;
        }
        int end = endOfName(text);
        String name = text.substring(0, end);
        if (name.startsWith("\"")) {
            byte[] raw = name.getBytes(StandardCharsets.UTF_8);
            byte[] inside = Arrays.copyOfRange(raw, 1, Math.max(raw.length - 1, 1));
            name = MlirString.unescape(inside, inside.length).orElseThrow(() -> malformed(source, offset));
        }
        Matcher matcher = TYPE.matcher(text.substring(end).strip());
        if (end == text.length() || !Character.isWhitespace(text.charAt(end)) || !matcher.matches()) {
            throw malformed(source, offset);
        }
        TensorType type = TensorType.parse(matcher.group(1)).orElseThrow(() -> malformed(source, offset));
        if (types.put(name, new Line(type, offset)) != null) {
            throw ModuleException.at(source.name(), offset, null, ModuleException.quoted(name), "name is there twice");
        }
    }

    /// {@return where the name at the start of a line ends: after its quotes, or at the first blank}
    private static int endOfName(String line) {
        boolean quoted = line.startsWith("\"");
        int end = quoted ? 1 : 0;
        while (end < line.length() && (quoted ? line.charAt(end) != '"' : !Character.isWhitespace(line.charAt(end)))) {
            end += quoted && line.charAt(end) == '\\' ? 2 : 1;
        }
        return Math.min(quoted ? end + 1 : end, line.length());
    }

    private static ModuleException malformed(Source source, long offset) {
        return ModuleException.at(
                source.name(), offset, "a name and tensor<4x4xf32> or the like", null, "is no line of types");
    }
}
