package dev.ffmstore.mlir;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/// The strings of MLIR bytecode, of which only a few are wanted, and only those held.
///
/// ```text
/// varint  how many
/// varint  the length of each, of the last string first, its NUL included
/// bytes   the strings, each with a NUL behind it, up to the end of the section
/// ```
final class BytecodeStrings {
    /// All wanted names together; far more than any module of real use has.
    private static final long MAX_TOTAL_BYTES = 8 << 20;

    private BytecodeStrings() {}

    private record Range(long start, int length) {}

    /// {@return the strings of these indices}
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
                            .orElseThrow(() -> cursor.fail("name is not UTF-8", range.start, null, null)));
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
                throw cursor.fail("length of a string", at, "1 to " + (end - cursor.position()), length);
            }
            end -= length;
            if (wanted.contains(index)) {
                if (length > MlirLexer.MAX_TEXT) {
                    throw cursor.fail("name is too long", end, MlirLexer.MAX_TEXT + " bytes at most", length);
                }
                total += length;
                if (total > MAX_TOTAL_BYTES) {
                    throw cursor.fail("too many names of resources", end, MAX_TOTAL_BYTES + " bytes at most", "more");
                }
                ranges.put(index, new Range(end, (int) length - 1));
            }
        }
        for (long index : wanted) {
            if (!ranges.containsKey(index)) {
                throw cursor.fail("no such string", section.start(), count + " strings", "index " + index);
            }
        }
        return ranges;
    }
}
