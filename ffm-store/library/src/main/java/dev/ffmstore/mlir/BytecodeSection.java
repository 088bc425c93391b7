package dev.ffmstore.mlir;

import dev.ffmstore.gguf.Source;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;

/// A section of MLIR bytecode.
///
/// ```text
/// u8      id, plus 0x80 if aligned
/// varint  length of the data
/// varint  alignment, if aligned     a power of two
/// 0xCB …  up to a multiple of it, from the start of the file
/// data
/// ```
///
/// @param source the file
/// @param id 0 strings, 1 dialects, 2 attributes and types, 3 their offsets, 4 operations, 5 resources, 6 their
/// offsets, 7 a dialect's version, 8 properties
/// @param alignment the alignment of the data in bytes; 1 if the section states none
/// @param start where the data starts in the file, in bytes
/// @param length the size of the data in bytes
record BytecodeSection(Source source, int id, long alignment, long start, long length) {
    static final int STRINGS = 0;
    static final int DIALECTS = 1;
    static final int ATTRIBUTES_AND_TYPES = 2;
    static final int ATTRIBUTE_AND_TYPE_OFFSETS = 3;
    static final int RESOURCES = 5;
    static final int RESOURCE_OFFSETS = 6;
    static final int LAST_ID = 8;

    static final int ALIGNED = 0x80;
    private static final long MAX_ALIGNMENT = 1 << 20;

    /// Reads the head of one section, and moves the cursor past its data.
    static BytecodeSection read(Source source, ModuleCursor cursor) throws IOException {
        long at = cursor.position();
        int id = cursor.u8("id of a section");
        long length = cursor.varint("length of a section");
        long alignment = 1;
        if ((id & ALIGNED) != 0) {
            alignment = alignment(cursor, "alignment of a section");
            cursor.skip(-cursor.position() & (alignment - 1), "padding of a section");
        }
        if ((id & ~ALIGNED) > LAST_ID) {
            throw cursor.fail(at, LAST_ID + " at most", id & ~ALIGNED, "unknown section");
        }
        BytecodeSection section = new BytecodeSection(source, id & ~ALIGNED, alignment, cursor.position(), length);
        cursor.skip(length, "section " + section.id);
        return section;
    }

    /// {@return the sections up to the end of the file, by their ids, in the order of the file}
    static Map<Integer, BytecodeSection> readAll(Source source, ModuleCursor cursor) throws IOException {
        Map<Integer, BytecodeSection> sections = new LinkedHashMap<>();
        while (cursor.remaining() > 0) {
            long at = cursor.position();
            BytecodeSection section = read(source, cursor);
            if (sections.put(section.id, section) != null) {
                throw cursor.fail(at, null, section.id, "section is there twice");
            }
        }
        return sections;
    }

    /// {@return an alignment, checked to be a power of two and not too large}
    static long alignment(ModuleCursor cursor, String what) throws IOException {
        long at = cursor.position();
        long alignment = cursor.varint(what);
        if (Long.bitCount(alignment) != 1 || alignment > MAX_ALIGNMENT) {
            throw cursor.fail(at, "a power of two, " + MAX_ALIGNMENT + " at most", alignment, "{}", what);
        }
        return alignment;
    }

    ModuleCursor cursor() {
        return new ModuleCursor(source, start, end());
    }

    long end() {
        return start + length;
    }

    /// {@return the section of an id}
    ///
    /// @throws ModuleException if the module has no such section
    static BytecodeSection required(Source source, Map<Integer, BytecodeSection> sections, int id)
            throws ModuleException {
        BytecodeSection section = sections.get(id);
        if (section == null) {
            throw ModuleException.of(source.name(), "has no section {}", id);
        }
        return section;
    }
}
