package dev.ffmstore.mlir;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/// Reads strings of MLIR bytecode: only the few that are wanted are held in memory.
///
/// ```text
/// varint  how many strings there are
/// varint  the length of each, its NUL included; that of the last string comes first
/// bytes   the strings, each followed by a NUL, up to the end of the section
/// ```
final class BytecodeStrings {
    /// How large all wanted names together may be, in bytes: far more than any real module has.
    private static final long MAX_TOTAL_BYTES = 8 << 20;

    private BytecodeStrings() {}

    private record Range(long start, int length) {}

    /// {@return the wanted strings by their indices}
    static Map<Long, String> read(BytecodeSection section, Set<Long> wanted) throws IOException {
        Map<Long, String> strings = new HashMap<>();
        ModuleCursor cursor = section.cursor();
        for (Map.Entry<Long, Range> found : ranges(section, wanted).entrySet()) {
            Range range = found.getValue();
            cursor.seek(range.start);
            byte[] bytes = cursor.bytes(range.length, "a string");
            strings.put(
                    found.getKey(),
                    MlirString.utf8(bytes, range.length)
                            .orElseThrow(() -> cursor.fail(range.start, null, null, "name is not UTF-8")));
        }
        return strings;
    }

    private static Map<Long, Range> ranges(BytecodeSection section, Set<Long> wanted) throws IOException {
        ModuleCursor cursor = section.cursor();
        long count = cursor.varint("number of strings");
        Map<Long, Range> ranges = new TreeMap<>(); // read in the order of the file
        long end = section.end();
        long total = 0;
        for (long index = count - 1; index >= 0; index--) {
            long at = cursor.position();
            long length = cursor.varint("length of a string");
            if (length < 1 || length > end - cursor.position()) {
                throw cursor.fail(at, "1 to " + (end - cursor.position()), length, "length of a string");
            }
            end -= length;
            if (wanted.contains(index)) {
                if (length > MlirLexer.MAX_TEXT) {
                    throw cursor.fail(end, MlirLexer.MAX_TEXT + " bytes at most", length, "name is too long");
                }
                total += length;
                if (total > MAX_TOTAL_BYTES) {
                    throw cursor.fail(end, MAX_TOTAL_BYTES + " bytes at most", "more", "too many names of resources");
                }
                ranges.put(index, new Range(end, (int) length - 1));
            }
        }
        for (long index : wanted) {
            if (!ranges.containsKey(index)) {
                throw cursor.fail(section.start(), count + " strings", "index " + index, "no such string");
            }
        }
        return ranges;
    }
}
