package dev.ffmstore.formats;

import dev.ffmstore.DType;
import dev.ffmstore.export.Constant;
import dev.ffmstore.gguf.Source;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Reads a folder of NumPy arrays, a tensor each.
///
/// ```text
/// index.json   { "names": "gguf",
///                "tensors": [ { "name": NAME, "file": "NAME.npy", "dtype": "F32", "shape": [2, 3] }, … ] }
/// ```
///
/// Tied tensors have one file. Without an index every file `NAME.npy` is the tensor NAME.
final class NpyFolder {
    static final String INDEX = "index.json";

    private static final String SUFFIX = ".npy";
    private static final long MOST_INDEX_BYTES = 100_000_000;

    private final Path folder;
    private final List<Constant> constants = new ArrayList<>();
    private final Map<String, Place> places = new HashMap<>();
    private final Map<Path, String> nameByFile = new HashMap<>();
    private String convention = StoredConstants.UNKNOWN_CONVENTION;

    private NpyFolder(Path folder) {
        this.folder = folder;
    }

    /// {@return the constants of a folder, in the order of its index, or of its files' names}
    ///
    /// @throws WeightsException if it holds no arrays, or one or the index is malformed
    static StoredConstants read(Path folder) throws IOException {
        NpyFolder arrays = new NpyFolder(folder);
        Path index = folder.resolve(INDEX);
        if (Files.exists(index)) {
            arrays.readIndexed(index);
        } else {
            arrays.readAll();
        }
        return new StoredConstants(folder.toString(), arrays.convention, arrays.constants, arrays.places);
    }

    private void readAll() throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.list(folder)) {
            files = all.filter(file -> file.getFileName().toString().endsWith(SUFFIX))
                    .sorted()
                    .toList();
        }
        if (files.isEmpty()) {
            throw WeightsException.of(folder.toString(), "holds neither an " + INDEX + " nor any " + SUFFIX + " file");
        }
        for (Path file : files) {
            String name = file.getFileName().toString();
            readArray(name.substring(0, name.length() - SUFFIX.length()), file, Optional.empty());
        }
    }

    private void readIndexed(Path index) throws IOException {
        List<Entry> entries = new ArrayList<>();
        boolean[] found = {false};
        try (Source source = Source.of(index)) {
            if (source.size() > MOST_INDEX_BYTES) {
                throw WeightsException.of(
                        source.name(), "too large", MOST_INDEX_BYTES + " bytes at most", source.size());
            }
            StrictJson.read(
                    source,
                    "index",
                    0,
                    source.size(),
                    json -> json.object((field, value) -> {
                        switch (field) {
                            case "tensors" -> {
                                found[0] = true;
                                value.array(tensor -> entries.add(Entry.read(index, tensor)));
                            }
                            case "names" -> convention = value.string();
                            default -> value.skip();
                        }
                    }));
        }
        if (!found[0]) {
            throw WeightsException.of(index.toString(), "the index has no tensors");
        }
        for (Entry entry : entries) {
            if (places.containsKey(entry.name())) {
                throw WeightsException.of(
                        index.toString(), "two tensors have the name " + WeightsException.shown(entry.name()));
            }
            readArray(entry.name(), folder.resolve(entry.file()), Optional.of(entry));
        }
    }

    /// What the index says of a tensor.
    private record Entry(String name, String file, DType dtype, long[] shape) {
        /// Fields while they come in.
        private static final class Fields {
            @Nullable
            String name;

            @Nullable
            String file;

            @Nullable
            String dtype;

            long @Nullable [] shape;
        }

        static Entry read(Path index, StrictJson json) throws IOException {
            Fields fields = new Fields();
            json.object((field, value) -> {
                switch (field) {
                    case "name" -> fields.name = value.string();
                    case "file" -> fields.file = FileName.require(index.toString(), value.string());
                    case "dtype" -> fields.dtype = value.string();
                    case "shape" -> fields.shape = value.naturals();
                    default -> value.skip();
                }
            });
            if (fields.name == null || fields.file == null || fields.dtype == null || fields.shape == null) {
                throw json.problem("a tensor lacks name, file, dtype or shape");
            }
            DType dtype = StoredTensor.dtype(index.toString(), fields.name, fields.dtype);
            return new Entry(fields.name, fields.file, dtype, fields.shape);
        }
    }

    private void readArray(String name, Path path, Optional<Entry> entry) throws IOException {
        try (Source source = Source.of(path)) {
            NpyHeader header = NpyHeader.read(source);
            DType dtype = entry.isPresent() ? entry.get().dtype() : dtype(source, header);
            if (!header.holds(dtype)) {
                throw WeightsException.of(source.name(), "its type is not the index's", dtype, header.descr());
            }
            if (entry.isPresent() && !Arrays.equals(entry.get().shape(), header.shape())) {
                throw WeightsException.of(
                        source.name(),
                        "its shape is not the index's",
                        Arrays.toString(entry.get().shape()),
                        Arrays.toString(header.shape()));
            }
            Constant constant = StoredTensor.constant(source.name(), name, dtype, header.shape());
            if (constant.byteSize() != source.size() - header.dataOffset()) {
                throw WeightsException.of(
                        source.name(),
                        "size of the data",
                        constant.byteSize() + " bytes",
                        source.size() - header.dataOffset());
            }
            constants.add(StoredTensor.alias(constant, Optional.ofNullable(nameByFile.putIfAbsent(path, name))));
            places.put(name, new Place.InFile(StoredFile.of(path, source), header.dataOffset()));
        }
    }

    private static DType dtype(Source source, NpyHeader header) throws WeightsException {
        return header.dtype()
                .orElseThrow(() -> WeightsException.of(
                        source.name(),
                        "its type is not read",
                        "<f4, <f2, <f8, |i1, <i2, <i4, <i8 or <V2 for BF16",
                        header.descr()));
    }
}
