package dev.ffmstore.mlir;

import dev.ffmstore.TensorSlot;
import dev.ffmstore.TensorSource;
import dev.ffmstore.export.FileLayout;
import dev.ffmstore.gguf.Source;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/// The resources of a module that is MLIR bytecode.
///
/// ```text
/// 4D 4C EF 52   magic
/// varint        version
/// string, NUL   producer
/// sections      see BytecodeSection
///
/// section 6     varint number of external groups, then groups of resources, the external ones first:
///               varint provider (a string if external, else a dialect), varint count,
///               count × {varint name, varint size, u8 kind: 0 blob, 1 bool, 2 string}
/// section 5     the resources, one after the other; a blob is
///               varint alignment, varint size, 0xCB … up to a multiple of the alignment, data
/// ```
///
/// A size in section 6 counts all of a blob; 0 stands for a resource that is only declared. Resources that belong
/// to dialects are numbered in the order of section 6, and attributes refer to them by these numbers.
final class BytecodeModule extends ModuleResources {
    static final byte[] MAGIC = {0x4D, 0x4C, (byte) 0xEF, 0x52};

    private static final int NEWEST_VERSION = 6;
    private static final int BLOB = 0;
    private static final int LAST_KIND = 2;

    /// The alignment of tensor data in bytes: readers that hold a file in memory refuse a larger one.
    private static final int ALIGNMENT = 16;

    private static final int MAX_DIALECTS = 1 << 16;

    /// A resource as section 6 lists it.
    ///
    /// @param name the index of the resource's name
    /// @param offset where the resource starts in the file, in bytes
    /// @param size the size in the file, in bytes; 0 if the resource is only declared
    private record Entry(long name, int kind, long offset, long size) {}

    /// The resources of one provider.
    private record Group(long provider, List<Entry> entries) {}

    private final long sectionsStart;
    private final Map<Integer, BytecodeSection> sections;
    private final List<Long> dialects = new ArrayList<>();
    private final List<Group> external = new ArrayList<>();
    private final List<Group> ofDialects = new ArrayList<>();
    private Map<Long, String> strings = Map.of();

    private BytecodeModule(Source source, long sectionsStart, Map<Integer, BytecodeSection> sections) {
        super(source);
        this.sectionsStart = sectionsStart;
        this.sections = sections;
    }

    static BytecodeModule read(Source source) throws IOException {
        ModuleCursor cursor = new ModuleCursor(source, 0, source.size());
        cursor.skip(MAGIC.length, "magic");
        long version = cursor.varint("version");
        if (version > NEWEST_VERSION) {
            throw cursor.fail(MAGIC.length, NEWEST_VERSION + " at most", version, "version of MLIR bytecode");
        }
        while (cursor.u8("name of the producer") != 0) {
            // the name is not used
        }
        long sectionsStart = cursor.position();
        BytecodeModule module = new BytecodeModule(source, sectionsStart, BytecodeSection.readAll(source, cursor));
        module.readDialects(version);
        module.readResources();
        module.readStrings();
        module.readUses();
        return module;
    }

    private BytecodeSection section(int id) throws IOException {
        return BytecodeSection.required(source, sections, id);
    }

    private void readDialects(long version) throws IOException {
        ModuleCursor cursor = section(BytecodeSection.DIALECTS).cursor();
        long at = cursor.position();
        long count = cursor.varint("number of dialects");
        if (count > MAX_DIALECTS) {
            throw cursor.fail(at, MAX_DIALECTS + " at most", count, "number of dialects");
        }
        for (int i = 0; i < count; i++) {
            long name = cursor.varint("name of a dialect");
            if (version > 0) { // the lowest bit: a version follows, in a section of its own
                if ((name & 1) != 0) {
                    BytecodeSection.read(source, cursor);
                }
                name >>>= 1;
            }
            dialects.add(name);
        }
    }

    private void readResources() throws IOException {
        if (!sections.containsKey(BytecodeSection.RESOURCE_OFFSETS)) {
            return;
        }
        ModuleCursor cursor = section(BytecodeSection.RESOURCE_OFFSETS).cursor();
        long externalCount = cursor.varint("number of groups of resources");
        BytecodeSection resources = sections.get(BytecodeSection.RESOURCES);
        long next = resources == null ? 0 : resources.start();
        long end = resources == null ? 0 : resources.end();
        for (long i = 0; cursor.remaining() > 0 || i < externalCount; i++) {
            List<Entry> entries = new ArrayList<>();
            long at = cursor.position();
            Group group = new Group(cursor.varint("provider of resources"), entries);
            hold("", at);
            long count = cursor.varint("number of resources");
            for (long j = 0; j < count; j++) {
                at = cursor.position();
                long name = cursor.varint("name of a resource");
                long size = cursor.varint("size of a resource");
                int kind = cursor.u8("kind of a resource");
                if (size > end - next || kind > LAST_KIND) {
                    throw cursor.fail(at, (end - next) + " bytes at most", size, "resource does not fit");
                }
                hold("", at);
                entries.add(new Entry(name, kind, next, size));
                next += size;
            }
            (i < externalCount ? external : ofDialects).add(group);
        }
    }

    private void readStrings() throws IOException {
        Set<Long> wanted = new HashSet<>(dialects);
        ofDialects.forEach(group -> group.entries.forEach(entry -> wanted.add(entry.name)));
        strings = BytecodeStrings.read(section(BytecodeSection.STRINGS), wanted);
    }

    private boolean isBuiltin(long dialect) {
        return dialect < dialects.size() && "builtin".equals(strings.get(dialects.get((int) dialect)));
    }

    private void readUses() throws IOException {
        List<Entry> numbered = new ArrayList<>();
        for (Group group : ofDialects) {
            numbered.addAll(group.entries);
        }
        if (numbered.isEmpty()) {
            return;
        }
        BytecodeTypes types = new BytecodeTypes(source, sections, this::isBuiltin);
        List<BytecodeTypes.Use> uses = types.uses(numbered.size());
        Set<Long> wanted = new HashSet<>();
        uses.forEach(use -> wanted.add(use.type()));
        Map<Long, TensorType> tensors = types.tensors(wanted);
        Map<Integer, List<BytecodeTypes.Use>> byResource = new HashMap<>();
        uses.forEach(use -> byResource
                .computeIfAbsent((int) use.resource(), _ -> new ArrayList<>())
                .add(use));
        int number = 0;
        for (Group group : ofDialects) {
            boolean builtin = isBuiltin(group.provider);
            for (Entry entry : group.entries) {
                if (builtin) {
                    readUses(entry, byResource.getOrDefault(number, List.of()), tensors);
                }
                number++;
            }
        }
    }

    private void readUses(Entry entry, List<BytecodeTypes.Use> uses, Map<Long, TensorType> tensors) throws IOException {
        String key = strings.getOrDefault(entry.name, "");
        for (BytecodeTypes.Use use : uses) {
            addUse(key, Optional.ofNullable(tensors.get(use.type())), use.offset());
        }
        ModuleCursor cursor = section(BytecodeSection.RESOURCE_OFFSETS).cursor();
        if (entry.size > 0) {
            OptionalLong size =
                    entry.kind == BLOB ? OptionalLong.of(Blob.read(source, entry).size) : OptionalLong.empty();
            if (!addData(key, size, entry.offset)) {
                throw cursor.fail(entry.offset, null, ModuleException.quoted(key), "resource is there twice");
            }
        } else if (uses.isEmpty()) {
            if (isUsed(key)) {
                throw cursor.fail(cursor.position(), null, ModuleException.quoted(key), "resource is there twice");
            }
            addUse(key, Optional.empty(), cursor.position());
        }
    }

    /// A blob with its data.
    ///
    /// @param start where the data starts in the file
    private record Blob(long alignment, long start, long size) {
        static Blob read(Source source, Entry entry) throws IOException {
            long end = entry.offset + entry.size;
            ModuleCursor cursor = new ModuleCursor(source, entry.offset, Math.min(end, entry.offset + 18));
            long alignment = BytecodeSection.alignment(cursor, "alignment of a resource");
            long size = cursor.varint("size of a resource");
            long padding = end - cursor.position() - size;
            if (padding < 0 || padding >= alignment) {
                throw cursor.fail(
                        entry.offset, end - cursor.position() + " at most", size, "size of a resource does not fit");
            }
            return new Blob(alignment, end - size, size);
        }
    }

    @Override
    FileLayout with(TensorSource tensors, Map<String, TensorSlot> data) throws IOException {
        Rewriting rewriting = new Rewriting(tensors, data);
        FileLayout.Builder layout = FileLayout.builder(tensors);
        layout.add(new FileLayout.Copy(source, 0, sectionsStart));
        for (BytecodeSection section : sections.values()) {
            switch (section.id()) {
                case BytecodeSection.RESOURCE_OFFSETS -> rewriting.addOffsets(layout);
                case BytecodeSection.RESOURCES -> rewriting.addResources(layout);
                default -> {
                    addHead(layout, section.id(), section.alignment(), section.length());
                    layout.add(new FileLayout.Copy(source, section.start(), section.length()));
                }
            }
        }
        if (!sections.containsKey(BytecodeSection.RESOURCES)) {
            rewriting.addResources(layout);
        }
        return layout.build();
    }

    /// Adds the head of a section, which is before its data. A section whose data is aligned without padding does
    /// not state its alignment, as in MLIR's own writer.
    private static void addHead(FileLayout.Builder layout, int id, long alignment, long length) {
        byte[] plain = new BytecodeWriting().u8(id).varint(length).toBytes();
        if ((layout.size() + plain.length & (alignment - 1)) == 0) {
            layout.add(new FileLayout.Literal(plain));
        } else {
            layout.add(new FileLayout.Literal(new BytecodeWriting()
                    .u8(id | BytecodeSection.ALIGNED)
                    .varint(length)
                    .varint(alignment)
                    .toBytes()));
            pad(layout, alignment);
        }
    }

    private static void pad(FileLayout.Builder layout, long alignment) {
        layout.add(new FileLayout.Fill(BytecodeWriting.PADDING, -layout.size() & (alignment - 1)));
    }

    /// Writes sections 5 and 6 anew: section 5 from the start of its data, which is aligned at least as much as any
    /// blob in it, and section 6 with the sizes that come out.
    private final class Rewriting {
        private final FileLayout.Builder resources;
        private final BytecodeWriting offsets = new BytecodeWriting();
        private long alignment = ALIGNMENT;

        Rewriting(TensorSource tensors, Map<String, TensorSlot> data) throws IOException {
            this.resources = FileLayout.builder(tensors);
            offsets.varint(external.size());
            for (Group group : external) {
                write(group, Map.of());
            }
            for (Group group : ofDialects) {
                write(group, isBuiltin(group.provider) ? data : Map.of());
            }
        }

        private void write(Group group, Map<String, TensorSlot> filled) throws IOException {
            offsets.varint(group.provider).varint(group.entries.size());
            for (Entry entry : group.entries) {
                long start = resources.size();
                TensorSlot tensor = entry.size == 0 ? filled.get(strings.getOrDefault(entry.name, "")) : null;
                if (tensor != null) {
                    blob(ALIGNMENT, tensor.byteSize(), new FileLayout.Raw(tensor));
                } else if (entry.kind == BLOB && entry.size > 0) {
                    Blob blob = Blob.read(source, entry);
                    blob(blob.alignment, blob.size, new FileLayout.Copy(source, blob.start, blob.size));
                } else {
                    resources.add(new FileLayout.Copy(source, entry.offset, entry.size));
                }
                offsets.varint(entry.name).varint(resources.size() - start).u8(entry.kind);
            }
        }

        private void blob(long blobAlignment, long size, FileLayout.Piece bytes) {
            resources.add(new FileLayout.Literal(
                    new BytecodeWriting().varint(blobAlignment).varint(size).toBytes()));
            pad(resources, blobAlignment);
            resources.add(bytes);
            alignment = Math.max(alignment, blobAlignment);
        }

        void addOffsets(FileLayout.Builder layout) {
            byte[] bytes = offsets.toBytes();
            addHead(layout, BytecodeSection.RESOURCE_OFFSETS, 1, bytes.length);
            layout.add(new FileLayout.Literal(bytes));
        }

        void addResources(FileLayout.Builder layout) {
            addHead(layout, BytecodeSection.RESOURCES, alignment, resources.size());
            resources.build().pieces().forEach(placed -> layout.add(placed.piece()));
        }
    }
}
