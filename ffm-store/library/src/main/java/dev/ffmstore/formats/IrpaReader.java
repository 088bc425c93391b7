package dev.ffmstore.formats;

import dev.ffmstore.Model;
import dev.ffmstore.ModelException;
import dev.ffmstore.StoredTensor;
import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.gguf.Metadata;
import dev.ffmstore.gguf.Shape;
import dev.ffmstore.gguf.Source;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Reads the names and bytes of an IREE parameter archive. Types and shapes are not in it: every tensor is a row of
/// bytes, until [Model#typedBy] takes them from elsewhere.
///
/// ```text
/// 0   u32 magic "IRPA"   4 u16 major 0   6 u16 minor 0   8 u64 header size 88   16 u64 next header 0
/// 24  u64 flags   32 u64 number of entries   40 entries   56 metadata   72 storage: each {u64 offset, u64 length}
///
/// entries, each from a multiple of 16 of the segment on:
///     0 u64 size   8 u32 type   12 u64 flags   20 name   36 metadata: {offset, length} in the metadata segment
///     52 u64 alignment
///     SPLAT (1):  60 u64 length   68 16 B pattern   84 u8 length of the pattern
///     DATA (2):   60 {offset, length} in the storage segment
/// ```
///
/// Entries may share storage. Entries of type SKIP (0) are skipped; EXTERNAL (3) and linked headers are refused.
public final class IrpaReader implements Model.Reader {
    private static final int MAGIC = 0x41505249;
    private static final int HEADER_BYTES = 88;
    private static final int ENTRY_HEADER_BYTES = 60;
    private static final int SPLAT_BYTES = 85;
    private static final int DATA_BYTES = 76;
    private static final int ENTRY_ALIGNMENT = 16;
    private static final int MOST_NAME_BYTES = 64 << 10;
    private static final int SKIP = 0;
    private static final int SPLAT = 1;
    private static final int DATA = 2;
    private static final int EXTERNAL = 3;

    private static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    @Override
    public Recognition recognise(Path path, byte[] start) {
        return Files.isDirectory(path) ? Recognition.NONE : recognise(path.toString(), start);
    }

    @Override
    public Recognition recognise(String name, byte[] start) {
        if (start.length >= Integer.BYTES && MemorySegment.ofArray(start).get(U32, 0) == MAGIC) {
            return Recognition.BY_CONTENT;
        }
        return name.endsWith(".irpa") ? Recognition.BY_NAME : Recognition.NONE;
    }

    @Override
    public Model open(Path path) throws IOException {
        return open(Source.of(path));
    }

    @Override
    public Model open(Source source) throws IOException {
        Archive archive = new Archive(source);
        try {
            archive.readAll();
        } catch (IOException | RuntimeException e) {
            source.close();
            throw e;
        }
        return Model.of(
                source.name(),
                Model.Format.IRPA,
                Model.UNKNOWN_CONVENTION,
                Metadata.empty(),
                List.of(source, archive.splats),
                List.copyOf(archive.tensors.values()));
    }

    /// A byte range of the file.
    private record Segment(long offset, long length) {}

    /// An archive while it is read.
    private static final class Archive {
        private static final int STORAGE = 0;
        private static final int SPLATS = 1;

        private final Source source;
        private final PatternSource splats;
        private final Map<String, StoredTensor> tensors = new LinkedHashMap<>();
        private long nameBytes;

        Archive(Source source) {
            this.source = source;
            this.splats = new PatternSource(source.name());
        }

        private String file() {
            return source.name();
        }

        void readAll() throws IOException {
            MemorySegment header = read(0, HEADER_BYTES, "header");
            require("magic", "IRPA", MAGIC, header.get(U32, 0));
            require("major version", "0", 0, Short.toUnsignedInt(header.get(U16, 4)));
            require("minor version", "0", 0, Short.toUnsignedInt(header.get(U16, 6)));
            require("header size", "88", HEADER_BYTES, header.get(U64, 8));
            require("offset of a linked header", "0: linked headers are not read", 0, header.get(U64, 16));
            require("flags of the header", "0", 0, header.get(U64, 24));
            long count = header.get(U64, 32);
            Segment all = new Segment(0, source.size());
            Segment table = part(header, 40, all, "entries");
            Segment metadata = part(header, 56, all, "metadata");
            Segment storage = part(header, 72, all, "storage");
            long most = table.length() / ENTRY_HEADER_BYTES;
            if (count < 0 || count > most) {
                throw ModelException.expected(
                        file(),
                        "at most " + most + " in " + table.length() + " bytes",
                        Long.toUnsignedString(count),
                        "number of entries");
            }
            long at = 0;
            for (long i = 0; i < count; i++) {
                at = readEntry(table, at, metadata, storage);
            }
        }

        /// Reads one entry, and returns where in the table the next one starts.
        private long readEntry(Segment table, long at, Segment metadata, Segment storage) throws IOException {
            String what = "entry at offset " + (table.offset() + at);
            long room = table.length() - at;
            if (room < ENTRY_HEADER_BYTES) {
                throw ModelException.expected(
                        file(), ENTRY_HEADER_BYTES + " bytes", Math.max(0, room), what + ": room for it");
            }
            MemorySegment entry = read(table.offset() + at, Math.min(room, SPLAT_BYTES), what);
            long size = entry.get(U64, 0);
            int type = entry.get(U32, 8);
            long least = switch (type) {
                case SKIP -> ENTRY_HEADER_BYTES;
                case SPLAT -> SPLAT_BYTES;
                case DATA -> DATA_BYTES;
                case EXTERNAL ->
                    throw ModelException.of(file(), what + ": its data is in another file, which is not read");
                default ->
                    throw ModelException.expected(
                            file(), "0 to 2", Integer.toUnsignedString(type), what + ": its type");
            };
            if (size < least || size > room) {
                throw ModelException.expected(
                        file(), least + " to " + room, Long.toUnsignedString(size), what + ": its size");
            }
            if (type != SKIP) {
                Segment named = part(entry, 20, metadata, what + ": its name");
                nameBytes += named.length();
                if (nameBytes > metadata.length()) { // names may overlap, and so be larger than the file together
                    throw ModelException.expected(
                            file(),
                            "at most " + metadata.length(),
                            nameBytes,
                            what + ": the length of all names so far");
                }
                String name = name(named, what);
                part(entry, 36, metadata, what + ": its metadata");
                StoredTensor read = type == SPLAT ? splat(entry, name) : data(entry, storage, name);
                if (tensors.put(name, read) != null) {
                    throw ModelException.of(file(), "two entries have the name {}", name);
                }
            }
            long padding = -size & (ENTRY_ALIGNMENT - 1);
            return at + size + Math.min(padding, room - size);
        }

        private StoredTensor data(MemorySegment entry, Segment storage, String name) throws ModelException {
            Segment data = part(entry, 60, storage, "entry {}: its data", name);
            return tensor(name, STORAGE, data.offset(), data.length());
        }

        private StoredTensor splat(MemorySegment entry, String name) throws ModelException {
            long length = entry.get(U64, 60);
            int patternLength = Byte.toUnsignedInt(entry.get(ValueLayout.JAVA_BYTE, 84));
            if (patternLength > 16 || Integer.bitCount(patternLength) != 1) {
                throw ModelException.expected(
                        file(), "1, 2, 4, 8 or 16", patternLength, "entry {}: the length of its pattern", name);
            }
            if (length < 0 || length % patternLength != 0 || length > Long.MAX_VALUE - splats.size()) {
                throw ModelException.expected(
                        file(),
                        "a multiple of " + patternLength,
                        Long.toUnsignedString(length),
                        "entry {}: its length",
                        name);
            }
            byte[] pattern = entry.asSlice(68, patternLength).toArray(ValueLayout.JAVA_BYTE);
            return tensor(name, SPLATS, splats.add(pattern, length), length);
        }

        private static StoredTensor tensor(String name, int part, long offset, long byteSize) {
            return new StoredTensor(
                    name, GgmlType.I8, Shape.of(byteSize), part, offset, byteSize, StoredTensor.UNTYPED);
        }

        private String name(Segment place, String what) throws IOException {
            if (place.length() < 1 || place.length() > MOST_NAME_BYTES) {
                throw ModelException.expected(
                        file(), "1 to " + MOST_NAME_BYTES, place.length(), what + ": the length of its name");
            }
            byte[] bytes = read(place.offset(), place.length(), what).toArray(ValueLayout.JAVA_BYTE);
            try {
                return StandardCharsets.UTF_8
                        .newDecoder()
                        .decode(ByteBuffer.wrap(bytes))
                        .toString();
            } catch (CharacterCodingException e) {
                throw ModelException.of(file(), what + ": its name is not valid UTF-8");
            }
        }

        /// Finds the byte range that an {offset, length} in another range stands for.
        private Segment part(MemorySegment holder, long at, Segment whole, String what, Object... values)
                throws ModelException {
            long offset = holder.get(U64, at);
            long length = holder.get(U64, at + Long.BYTES);
            if (offset < 0 || length < 0 || offset > whole.length() || length > whole.length() - offset) {
                throw ModelException.expected(
                        file(),
                        "a range within " + whole.length() + " bytes",
                        Long.toUnsignedString(length) + " bytes at " + Long.toUnsignedString(offset),
                        what,
                        values);
            }
            return new Segment(whole.offset() + offset, length);
        }

        private MemorySegment read(long offset, long size, String what) throws IOException {
            if (offset > source.size() || size > source.size() - offset) {
                throw ModelException.expected(
                        file(), (offset + size) + " bytes at least", source.size(), "too short for its " + what);
            }
            MemorySegment bytes = MemorySegment.ofArray(new byte[(int) size]);
            source.read(offset, bytes);
            return bytes;
        }

        private void require(String what, String expected, long right, long got) throws ModelException {
            if (right != got) {
                throw ModelException.expected(file(), expected, Long.toUnsignedString(got), what);
            }
        }
    }
}
