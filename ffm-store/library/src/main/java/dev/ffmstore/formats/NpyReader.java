package dev.ffmstore.formats;

import dev.ffmstore.DType;
import dev.ffmstore.Model;
import dev.ffmstore.ModelException;
import dev.ffmstore.StoredTensor;
import dev.ffmstore.gguf.Metadata;
import dev.ffmstore.gguf.Source;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Reads a folder of NumPy arrays, each of which is a tensor.
///
/// ```text
/// index.json   { "names": "gguf",
///                "tensors": [ { "name": NAME, "file": "NAME.npy", "dtype": "F32", "shape": [2, 3] }, … ] }
/// ```
///
/// Tied tensors share one file. Without an index every file `NAME.npy` is the tensor NAME.
public final class NpyReader implements Model.Reader {
    private static final String INDEX = "index.json";
    private static final String SUFFIX = ".npy";
    private static final long MOST_INDEX_BYTES = 100_000_000;

    @Override
    public Recognition recognise(Path path, byte[] start) throws IOException {
        return Files.isDirectory(path)
                        && (Files.exists(path.resolve(INDEX)) || !arraysIn(path).isEmpty())
                ? Recognition.BY_CONTENT
                : Recognition.NONE;
    }

    private static List<Path> arraysIn(Path folder) throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.filter(file -> file.getFileName().toString().endsWith(SUFFIX))
                    .sorted()
                    .toList();
        }
    }

    @Override
    public Model open(Path folder) throws IOException {
        Folder read = new Folder(folder);
        Path index = folder.resolve(INDEX);
        if (Files.exists(index)) {
            read.readIndexed(index);
        } else {
            read.readAll();
        }
        return Model.of(
                folder.toString(), Model.Format.NPY, read.convention, Metadata.empty(), read.files, read.tensors);
    }

    /// An array file.
    ///
    /// @param part the number of the file as a part of the model
    /// @param header the header of the file
    /// @param dataBytes the size of the data in bytes
    private record ArrayFile(int part, NpyHeader header, long dataBytes) {}

    /// A folder while it is read.
    private static final class Folder {
        private final Path folder;
        private final List<Source> files = new ArrayList<>();
        private final List<StoredTensor> tensors = new ArrayList<>();
        private final Map<Path, ArrayFile> known = new HashMap<>();
        private String convention = Model.UNKNOWN_CONVENTION;

        Folder(Path folder) {
            this.folder = folder;
        }

        void readAll() throws IOException {
            for (Path file : arraysIn(folder)) {
                String name = file.getFileName().toString();
                readArray(name.substring(0, name.length() - SUFFIX.length()), file, Optional.empty());
            }
        }

        void readIndexed(Path index) throws IOException {
            List<Entry> entries = new ArrayList<>();
            boolean[] found = {false};
            try (Source source = Source.of(index)) {
                if (source.size() > MOST_INDEX_BYTES) {
                    throw ModelException.expected(
                            source.name(), MOST_INDEX_BYTES + " bytes at most", source.size(), "too large");
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
                throw ModelException.of(index.toString(), "the index has no tensors");
            }
            Set<String> names = new HashSet<>();
            for (Entry entry : entries) {
                if (!names.add(entry.name())) {
                    throw ModelException.of(index.toString(), "two tensors have the name {}", entry.name());
                }
                readArray(entry.name(), folder.resolve(entry.file()), Optional.of(entry));
            }
        }

        private void readArray(String name, Path path, Optional<Entry> entry) throws IOException {
            ArrayFile file = file(path);
            NpyHeader header = file.header();
            String shown = path.toString();
            DType dtype = entry.isPresent() ? entry.get().dtype() : dtype(shown, header);
            if (!header.holds(dtype)) {
                throw ModelException.expected(shown, dtype, header.descr(), "its type is not the index's");
            }
            if (entry.isPresent() && !entry.get().shape().equals(header.shape())) {
                throw ModelException.expected(
                        shown, entry.get().shape(), header.shape(), "its shape is not the index's");
            }
            StoredTensor tensor = PlainTensors.of(shown, name, dtype, header.shape(), file.part(), header.dataOffset());
            if (tensor.byteSize() != file.dataBytes()) {
                throw ModelException.expected(
                        shown, tensor.byteSize() + " bytes", file.dataBytes(), "size of the data");
            }
            tensors.add(tensor);
        }

        /// {@return the array file at a path, whose header is read once however many tensors share it}
        private ArrayFile file(Path path) throws IOException {
            ArrayFile file = known.get(path);
            if (file == null) {
                try (Source source = Source.of(path)) {
                    NpyHeader header = NpyHeader.read(source);
                    file = new ArrayFile(files.size(), header, source.size() - header.dataOffset());
                    files.add(ReopenedFile.of(path, source));
                }
                known.put(path, file);
            }
            return file;
        }

        private static DType dtype(String file, NpyHeader header) throws ModelException {
            Optional<DType> dtype = header.dtype();
            if (dtype.isEmpty()) {
                throw ModelException.expected(
                        file,
                        "<f4, <f2, <f8, |i1, <i2, <i4, <i8, |u1, <u2, <u4, <u8, |b1, <c8 or <V2 for BF16",
                        header.descr(),
                        "its type is not read");
            }
            return dtype.get();
        }
    }

    /// The index's entry of a tensor.
    private record Entry(String name, String file, DType dtype, List<Long> shape) {
        /// The fields of an entry read so far.
        private static final class Fields {
            @Nullable
            String name;

            @Nullable
            String file;

            @Nullable
            String dtype;

            @Nullable
            List<Long> shape;
        }

        static Entry read(Path index, StrictJson json) throws IOException {
            Fields fields = new Fields();
            json.object((field, value) -> {
                switch (field) {
                    case "name" -> fields.name = value.string();
                    case "file" -> fields.file = PlainTensors.requireFileName(index.toString(), value.string());
                    case "dtype" -> fields.dtype = value.string();
                    case "shape" -> fields.shape = value.naturals();
                    default -> value.skip();
                }
            });
            if (fields.name == null || fields.file == null || fields.dtype == null || fields.shape == null) {
                throw json.problem("a tensor lacks name, file, dtype or shape");
            }
            DType dtype = PlainTensors.dtype(index.toString(), fields.name, fields.dtype);
            return new Entry(fields.name, fields.file, dtype, fields.shape);
        }
    }
}
