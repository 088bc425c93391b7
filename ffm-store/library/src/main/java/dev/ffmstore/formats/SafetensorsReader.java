package dev.ffmstore.formats;

import dev.ffmstore.DType;
import dev.ffmstore.Model;
import dev.ffmstore.ModelException;
import dev.ffmstore.StoredTensor;
import dev.ffmstore.gguf.Metadata;
import dev.ffmstore.gguf.Source;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Reads safetensors: one file, or shards by their index.
///
/// ```text
/// 0      u64   n, the size of the header, at most 100,000,000
/// 8      n B   JSON: { "__metadata__": { key: string, … },
///                      NAME: { "dtype": "F32", "shape": [rows, columns], "data_offsets": [begin, end] }, … }
/// 8 + n        data; offsets count from here, one tensor's end is the next one's begin, the last end is the file's
///
/// model.safetensors.index.json: { "metadata": { "total_size": N },
///                                 "weight_map": { NAME: "model-00001-of-00003.safetensors", … } }
/// ```
///
/// The shards are beside the index. Index and shards must name the same tensors. The types are those of [DType]; a
/// tensor of another type has the size that its offsets say, and can be listed, but not read.
public final class SafetensorsReader implements Model.Reader {
    private static final String INDEX_SUFFIX = ".safetensors.index.json";
    private static final long MOST_HEADER_BYTES = 100_000_000;
    private static final int PREFIX_BYTES = 8;
    private static final String METADATA = "__metadata__";
    private static final String NAMES = "names"; // the metadata key of the convention, which `export` writes
    private static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    @Override
    public Recognition recognise(Path path, byte[] start) throws IOException {
        if (Files.isDirectory(path)) {
            return indexesIn(path).isEmpty() ? Recognition.NONE : Recognition.BY_CONTENT;
        }
        return recognise(path.toString(), start);
    }

    @Override
    public Recognition recognise(String name, byte[] start) {
        if (start.length > PREFIX_BYTES && start[PREFIX_BYTES] == '{' && start[0] != '{') {
            return Recognition.BY_CONTENT;
        }
        return name.endsWith(".safetensors") || name.endsWith(".json") ? Recognition.BY_NAME : Recognition.NONE;
    }

    @Override
    public Model open(Path path) throws IOException {
        if (Files.isDirectory(path)) {
            List<Path> indexes = indexesIn(path);
            if (indexes.size() != 1) {
                throw ModelException.expected(
                        path.toString(), "one file *" + INDEX_SUFFIX, indexes.size(), "its index");
            }
            return openIndexed(indexes.getFirst());
        }
        return path.toString().endsWith(".json") ? openIndexed(path) : openOne(path);
    }

    private static List<Path> indexesIn(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.getFileName().toString().endsWith(INDEX_SUFFIX))
                    .sorted()
                    .toList();
        }
    }

    private static Model openOne(Path path) throws IOException {
        return openOne(Source.of(path));
    }

    @Override
    public Model open(Source source) throws IOException {
        if (source.name().endsWith(".json")) {
            source.close();
            throw ModelException.of(source.name(), "an index of shards is read from a local folder only");
        }
        return openOne(source);
    }

    private static Model openOne(Source source) throws IOException {
        OneFile file = new OneFile(source, 0);
        try {
            file.read();
        } catch (IOException | RuntimeException e) {
            source.close();
            throw e;
        }
        return Model.of(
                source.name(),
                Model.Format.SAFETENSORS,
                file.convention,
                Metadata.empty(),
                List.of(source),
                file.tensors);
    }

    private static Model openIndexed(Path index) throws IOException {
        Map<String, String> shardByTensor = weightMap(index);
        List<Source> sources = new ArrayList<>();
        List<StoredTensor> tensors = new ArrayList<>();
        Set<String> conventions = new LinkedHashSet<>();
        try {
            for (String shard : new LinkedHashSet<>(shardByTensor.values())) {
                Source source = Source.of(index.resolveSibling(shard));
                sources.add(source);
                OneFile file = new OneFile(source, sources.size() - 1);
                file.read();
                conventions.add(file.convention);
                for (StoredTensor tensor : file.tensors) {
                    if (!shard.equals(shardByTensor.remove(tensor.name()))) {
                        throw ModelException.of(
                                source.name(), "holds tensor {}, which the index does not say of it", tensor.name());
                    }
                    tensors.add(tensor);
                }
            }
            for (Map.Entry<String, String> missing : shardByTensor.entrySet()) {
                throw ModelException.of(
                        index.toString(), "tensor {} is not in its shard {}", missing.getKey(), missing.getValue());
            }
        } catch (IOException | RuntimeException e) {
            for (Source source : sources) {
                source.close();
            }
            throw e;
        }
        String convention = conventions.size() == 1 ? conventions.iterator().next() : Model.UNKNOWN_CONVENTION;
        return Model.of(index.toString(), Model.Format.SAFETENSORS, convention, Metadata.empty(), sources, tensors);
    }

    private static Map<String, String> weightMap(Path index) throws IOException {
        Map<String, String> shardByTensor = new LinkedHashMap<>();
        boolean[] found = {false};
        try (Source source = Source.of(index)) {
            if (source.size() > MOST_HEADER_BYTES) {
                throw ModelException.expected(
                        source.name(), MOST_HEADER_BYTES + " bytes at most", source.size(), "too large");
            }
            StrictJson.read(
                    source,
                    "index",
                    0,
                    source.size(),
                    json -> json.object((name, value) -> {
                        if (name.equals("weight_map")) {
                            found[0] = true;
                            value.object((tensor, shard) -> shardByTensor.put(
                                    tensor, PlainTensors.requireFileName(index.toString(), shard.string())));
                        } else {
                            value.skip();
                        }
                    }));
        }
        if (!found[0]) {
            throw ModelException.of(index.toString(), "the index has no weight_map");
        }
        return shardByTensor;
    }

    /// One file while it is read.
    private static final class OneFile {
        private final Source source;
        private final int part;
        private final List<StoredTensor> tensors = new ArrayList<>();
        private String convention = Model.UNKNOWN_CONVENTION;
        private long dataOffset;

        OneFile(Source source, int part) {
            this.source = source;
            this.part = part;
        }

        /// Reads the header, and puts the tensors in the order of their data.
        void read() throws IOException {
            long headerBytes = headerBytes();
            dataOffset = PREFIX_BYTES + headerBytes;
            StrictJson.read(source, "header", PREFIX_BYTES, headerBytes, json -> json.object(this::readField));
            tensors.sort(Comparator.comparingLong(StoredTensor::offset).thenComparingLong(StoredTensor::byteSize));
            validate();
        }

        private long headerBytes() throws IOException {
            if (source.size() < PREFIX_BYTES) {
                throw ModelException.expected(
                        source.name(),
                        PREFIX_BYTES + " bytes at least",
                        source.size(),
                        "too short for a safetensors file");
            }
            byte[] prefix = new byte[PREFIX_BYTES];
            source.read(0, MemorySegment.ofArray(prefix));
            long size = MemorySegment.ofArray(prefix).get(U64, 0);
            long most = Math.min(MOST_HEADER_BYTES, source.size() - PREFIX_BYTES);
            if (size < 2 || size > most) {
                throw ModelException.expected(
                        source.name(),
                        "2 to " + most,
                        Long.toUnsignedString(size),
                        "the size of the safetensors header");
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
            if (key.equals(NAMES)) {
                convention = value.string();
            } else {
                value.skipString(); // trainers put whole configurations there
            }
        }

        /// The fields of one tensor read so far.
        private static final class Fields {
            @Nullable
            String dtype;

            @Nullable
            List<Long> shape;

            @Nullable
            List<Long> offsets;
        }

        private void readTensor(String name, StrictJson value) throws IOException {
            Fields fields = new Fields();
            value.object((field, its) -> {
                switch (field) {
                    case "dtype" -> fields.dtype = its.string();
                    case "shape" -> fields.shape = its.naturals();
                    case "data_offsets" -> fields.offsets = its.naturals();
                    default -> throw its.problem("unknown field {}", field);
                }
            });
            if (fields.dtype == null || fields.shape == null || fields.offsets == null) {
                throw value.problem("tensor {} lacks dtype, shape or data_offsets", name);
            }
            if (fields.offsets.size() != 2) {
                throw value.problem("tensor {} has {} data_offsets, expected 2", name, fields.offsets.size());
            }
            long begin = fields.offsets.get(0);
            long end = fields.offsets.get(1);
            Optional<DType> dtype = PlainTensors.find(fields.dtype);
            StoredTensor tensor = dtype.isPresent()
                    ? PlainTensors.of(source.name(), name, dtype.get(), fields.shape, part, dataOffset + begin)
                    : PlainTensors.ofUnknownType(
                            source.name(), name, fields.dtype, fields.shape, part, dataOffset + begin, end - begin);
            if (end < begin || end - begin != tensor.byteSize()) {
                throw ModelException.expected(
                        source.name(),
                        dtype.isPresent() ? tensor.byteSize() + " bytes" : "the end after the begin",
                        begin + " to " + end,
                        "tensor {}: dtype and shape disagree with data_offsets",
                        name);
            }
            tensors.add(tensor);
        }

        /// Makes sure that the tensors, in the order of their offsets, fill the data without gap or overlap.
        private void validate() throws ModelException {
            long end = dataOffset;
            for (StoredTensor tensor : tensors) {
                if (tensor.offset() != end) {
                    throw ModelException.expected(
                            source.name(),
                            end - dataOffset,
                            tensor.offset() - dataOffset,
                            "tensor {}: its data does not follow the tensor before",
                            tensor.name());
                }
                end += tensor.byteSize();
                if (end > source.size() || end < 0) {
                    throw ModelException.expected(
                            source.name(),
                            Long.toUnsignedString(end - dataOffset) + " bytes of data",
                            source.size() - dataOffset,
                            "ends before its tensor {} does",
                            tensor.name());
                }
            }
            if (end != source.size()) {
                throw ModelException.expected(
                        source.name(),
                        end - dataOffset + " bytes of data",
                        source.size() - dataOffset,
                        "there are bytes after the last tensor");
            }
        }
    }
}
