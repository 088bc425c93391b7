package dev.ffmstore.formats;

import dev.ffmstore.DType;
import dev.ffmstore.export.Constant;
import dev.ffmstore.gguf.Source;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Reads one safetensors file.
///
/// ```text
/// 0      u64   n, the size of the header, at most 100,000,000
/// 8      n B   JSON: { "__metadata__": { key: string, … },
///                      NAME: { "dtype": "F32", "shape": [rows, columns], "data_offsets": [begin, end] }, … }
/// 8 + n        data; offsets count from here, one tensor's end is the next one's begin, the last end is the file's
/// ```
final class SafetensorsReader {
    static final long MOST_HEADER_BYTES = 100_000_000;

    private static final int PREFIX_BYTES = 8;
    private static final String METADATA = "__metadata__";
    private static final String NAMES = "names"; // which convention they follow: what `export` writes
    private static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /// A tensor as the header has it.
    private record Entry(Constant constant, long begin, long end) {}

    private final Path path;
    private final Source source;
    private final List<Entry> entries = new ArrayList<>();
    private String convention = StoredConstants.UNKNOWN_CONVENTION;

    private SafetensorsReader(Path path, Source source) {
        this.path = path;
        this.source = source;
    }

    /// {@return the constants of a file, in the order of their data}
    ///
    /// @throws WeightsException if it is malformed, or has a dtype that is not read
    static StoredConstants read(Path path) throws IOException {
        try (Source source = Source.of(path)) {
            return new SafetensorsReader(path, source).read();
        }
    }

    private StoredConstants read() throws IOException {
        StoredFile file = StoredFile.of(path, source);
        long headerBytes = headerBytes();
        long dataOffset = PREFIX_BYTES + headerBytes;
        StrictJson.read(source, "header", PREFIX_BYTES, headerBytes, json -> json.object(this::readField));
        entries.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
        validate(source.size() - dataOffset);
        List<Constant> constants = new ArrayList<>();
        Map<String, Place> places = new HashMap<>();
        for (Entry entry : entries) {
            constants.add(entry.constant());
            places.put(entry.constant().name(), new Place.InFile(file, dataOffset + entry.begin()));
        }
        return new StoredConstants(source.name(), convention, constants, places);
    }

    private long headerBytes() throws IOException {
        if (source.size() < PREFIX_BYTES) {
            throw WeightsException.of(
                    source.name(), "too short for a safetensors file", PREFIX_BYTES + " bytes at least", source.size());
        }
        byte[] prefix = new byte[PREFIX_BYTES];
        source.read(0, MemorySegment.ofArray(prefix));
        long size = MemorySegment.ofArray(prefix).get(U64, 0);
        long most = Math.min(MOST_HEADER_BYTES, source.size() - PREFIX_BYTES);
        if (size < 2 || size > most) {
            throw WeightsException.of(
                    source.name(), "the size of the safetensors header", "2 to " + most, Long.toUnsignedString(size));
        }
        return size;
    }

    private void readField(String name, StrictJson value) throws IOException {
        if (name.equals(METADATA)) {
            value.object(this::readMetadata);
        } else {
            readTensor(name, value);
        }
    }

    private void readMetadata(String key, StrictJson value) throws IOException {
        String text = value.string();
        if (key.equals(NAMES)) {
            convention = text;
        }
    }

    /// Fields of one tensor while they come in.
    private static final class Fields {
        @Nullable
        String dtype;

        long @Nullable [] shape;
        long @Nullable [] offsets;
    }

    private void readTensor(String name, StrictJson value) throws IOException {
        Fields fields = new Fields();
        value.object((field, its) -> {
            switch (field) {
                case "dtype" -> fields.dtype = its.string();
                case "shape" -> fields.shape = its.naturals();
                case "data_offsets" -> fields.offsets = its.naturals();
                default -> throw its.problem("unknown field " + WeightsException.shown(field));
            }
        });
        if (fields.dtype == null || fields.shape == null || fields.offsets == null) {
            throw value.problem("tensor " + WeightsException.shown(name) + " lacks dtype, shape or data_offsets");
        }
        if (fields.offsets.length != 2) {
            throw value.problem("tensor " + WeightsException.shown(name) + " has " + fields.offsets.length
                    + " data_offsets, expected 2");
        }
        DType dtype = StoredTensor.dtype(source.name(), name, fields.dtype);
        Constant constant = StoredTensor.constant(source.name(), name, dtype, fields.shape);
        entries.add(new Entry(constant, fields.offsets[0], fields.offsets[1]));
    }

    /// Tensors, in the order of their offsets, fill the data without gap or overlap, each with just its size.
    private void validate(long dataBytes) throws WeightsException {
        long end = 0;
        for (Entry entry : entries) {
            String tensor = "tensor " + WeightsException.shown(entry.constant().name());
            if (entry.begin() != end) {
                throw WeightsException.of(
                        source.name(), tensor + ": its data does not follow the tensor before", end, entry.begin());
            }
            if (entry.end() < entry.begin()
                    || entry.end() - entry.begin() != entry.constant().byteSize()) {
                throw WeightsException.of(
                        source.name(),
                        tensor + ": dtype and shape disagree with data_offsets",
                        entry.constant().byteSize() + " bytes",
                        entry.begin() + " to " + entry.end());
            }
            end = entry.end();
        }
        if (end != dataBytes) {
            throw WeightsException.of(
                    source.name(),
                    end < dataBytes ? "there are bytes behind the last tensor" : "ends before its last tensor does",
                    end + " bytes of data",
                    dataBytes);
        }
    }
}
