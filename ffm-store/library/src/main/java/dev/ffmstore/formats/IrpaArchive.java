package dev.ffmstore.formats;

import dev.ffmstore.DType;
import dev.ffmstore.export.Constant;
import dev.ffmstore.export.ConstantSource;
import dev.ffmstore.gguf.Shape;
import dev.ffmstore.gguf.Source;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/// Reads an IREE parameter archive: names and bytes, without dtypes and shapes, which must come from elsewhere.
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
/// Entries may share storage. Those of type SKIP (0) are passed over; EXTERNAL (3) and linked headers are refused.
public final class IrpaArchive implements Weights {
    /// What a constant has for its stored type if nobody knows its dtype and shape.
    public static final String UNTYPED = "bytes";

    static final int MAGIC = 0x41505249;

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

    /// A stretch of the file.
    private record Segment(long offset, long length) {}

    /// What an entry names.
    ///
    /// @param byteSize its size
    /// @param place where it is
    private record Entry(long byteSize, Place place) {}

    private final Source source;
    private final StoredFile file;
    private final Map<String, Entry> entries = new LinkedHashMap<>();

    private IrpaArchive(Path path, Source source) throws IOException {
        this.source = source;
        this.file = StoredFile.of(path, source);
    }

    /// {@return the archive; nothing stays open}
    ///
    /// @throws WeightsException if it is malformed, or of a kind that is not read
    static IrpaArchive read(Path path) throws IOException {
        try (Source source = Source.of(path)) {
            IrpaArchive archive = new IrpaArchive(path, source);
            archive.readAll();
            return archive;
        }
    }

    @Override
    public String name() {
        return source.name();
    }

    @Override
    public List<String> names() {
        return List.copyOf(entries.keySet());
    }

    @Override
    public void close() {
        // nothing is open
    }

    /// {@return the entries as constants, each with the dtype and the shape of the constant of the same name; where
    /// there is none, or its size is another, a row of I8 whose stored type is [#UNTYPED]}
    ///
    /// @param types constants that say what the entries are
    public ConstantSource typedBy(Collection<Constant> types) {
        Map<String, Constant> typeByName =
                types.stream().collect(Collectors.toMap(Constant::name, Function.identity()));
        List<Constant> constants = new ArrayList<>();
        Map<String, Place> places = new HashMap<>();
        Map<Place, String> first = new HashMap<>();
        entries.forEach((name, entry) -> {
            Constant type = typeByName.get(name);
            boolean known = type != null && type.byteSize() == entry.byteSize();
            String alias = entry.byteSize() == 0 ? null : first.putIfAbsent(entry.place(), name);
            constants.add(new Constant(
                    name,
                    known ? type.dtype() : DType.I8,
                    known ? type.shape() : Shape.of(entry.byteSize()),
                    entry.byteSize(),
                    known ? type.dtype().name() : UNTYPED,
                    Optional.ofNullable(alias)
                            .filter(earlier -> entries.get(earlier).byteSize() == entry.byteSize()),
                    Optional.empty()));
            places.put(name, entry.place());
        });
        return new StoredConstants(name(), StoredConstants.UNKNOWN_CONVENTION, constants, places);
    }

    private void readAll() throws IOException {
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
        if (count < 0 || count > table.length() / ENTRY_HEADER_BYTES) {
            throw WeightsException.of(
                    name(),
                    "number of entries",
                    "at most " + table.length() / ENTRY_HEADER_BYTES + " in " + table.length() + " bytes",
                    Long.toUnsignedString(count));
        }
        long at = 0;
        for (long i = 0; i < count; i++) {
            at = readEntry(table, at, metadata, storage);
        }
    }

    /// Reads one entry, and returns where in the table the next one starts.
    private long nameBytes;

    private long readEntry(Segment table, long at, Segment metadata, Segment storage) throws IOException {
        String what = "entry at offset " + (table.offset() + at);
        long room = table.length() - at;
        if (room < ENTRY_HEADER_BYTES) {
            throw WeightsException.of(name(), what + ": room for it", ENTRY_HEADER_BYTES + " bytes", Math.max(0, room));
        }
        MemorySegment entry = read(table.offset() + at, Math.min(room, SPLAT_BYTES), what);
        long size = entry.get(U64, 0);
        int type = entry.get(U32, 8);
        long least = switch (type) {
            case SKIP -> ENTRY_HEADER_BYTES;
            case SPLAT -> SPLAT_BYTES;
            case DATA -> DATA_BYTES;
            case EXTERNAL ->
                throw WeightsException.of(name(), what + ": its data is in another file, which is not read");
            default -> throw WeightsException.of(name(), what + ": its type", "0 to 2", Integer.toUnsignedString(type));
        };
        if (size < least || size > room) {
            throw WeightsException.of(name(), what + ": its size", least + " to " + room, Long.toUnsignedString(size));
        }
        if (type != SKIP) {
            Segment named = part(entry, 20, metadata, what + ": its name");
            nameBytes += named.length();
            if (nameBytes > metadata.length()) { // they may overlap, and so be more than the file is large
                throw WeightsException.of(
                        name(), what + ": the length of all names so far", "at most " + metadata.length(), nameBytes);
            }
            String name = name(named, what);
            part(entry, 36, metadata, what + ": its metadata");
            Entry read = type == SPLAT ? splat(entry, name) : data(entry, storage, name);
            if (entries.put(name, read) != null) {
                throw WeightsException.of(name(), "two entries have the name " + WeightsException.shown(name));
            }
        }
        long padding = -size & (ENTRY_ALIGNMENT - 1);
        return at + size + Math.min(padding, room - size);
    }

    private Entry data(MemorySegment entry, Segment storage, String name) throws WeightsException {
        Segment data = part(entry, 60, storage, "entry " + WeightsException.shown(name) + ": its data");
        return new Entry(data.length(), new Place.InFile(file, data.offset()));
    }

    private Entry splat(MemorySegment entry, String name) throws WeightsException {
        String what = "entry " + WeightsException.shown(name);
        long length = entry.get(U64, 60);
        int patternLength = Byte.toUnsignedInt(entry.get(ValueLayout.JAVA_BYTE, 84));
        if (patternLength > 16 || Integer.bitCount(patternLength) != 1) {
            throw WeightsException.of(name(), what + ": the length of its pattern", "1, 2, 4, 8 or 16", patternLength);
        }
        if (length < 0 || length % patternLength != 0) {
            throw WeightsException.of(
                    name(), what + ": its length", "a multiple of " + patternLength, Long.toUnsignedString(length));
        }
        byte[] pattern = entry.asSlice(68, patternLength).toArray(ValueLayout.JAVA_BYTE);
        return new Entry(length, new Place.Splat(pattern));
    }

    private String name(Segment place, String what) throws IOException {
        if (place.length() < 1 || place.length() > MOST_NAME_BYTES) {
            throw WeightsException.of(
                    name(), what + ": the length of its name", "1 to " + MOST_NAME_BYTES, place.length());
        }
        byte[] bytes = read(place.offset(), place.length(), what).toArray(ValueLayout.JAVA_BYTE);
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw WeightsException.of(name(), what + ": its name is not valid UTF-8");
        }
    }

    /// The stretch that an {offset, length} inside another one means.
    private Segment part(MemorySegment holder, long at, Segment whole, String what) throws WeightsException {
        long offset = holder.get(U64, at);
        long length = holder.get(U64, at + Long.BYTES);
        if (offset < 0 || length < 0 || offset > whole.length() || length > whole.length() - offset) {
            throw WeightsException.of(
                    name(),
                    what,
                    "a range within " + whole.length() + " bytes",
                    Long.toUnsignedString(length) + " bytes at " + Long.toUnsignedString(offset));
        }
        return new Segment(whole.offset() + offset, length);
    }

    private MemorySegment read(long offset, long size, String what) throws IOException {
        if (offset > source.size() || size > source.size() - offset) {
            throw WeightsException.of(
                    name(), "too short for its " + what, (offset + size) + " bytes at least", source.size());
        }
        MemorySegment bytes = MemorySegment.ofArray(new byte[(int) size]);
        source.read(offset, bytes);
        return bytes;
    }

    private void require(String what, String expected, long right, long got) throws WeightsException {
        if (right != got) {
            throw WeightsException.of(name(), what, expected, Long.toUnsignedString(got));
        }
    }
}
