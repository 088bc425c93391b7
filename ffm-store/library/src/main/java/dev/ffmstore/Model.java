package dev.ffmstore;

import dev.ffmstore.gguf.GgufFile;
import dev.ffmstore.gguf.GgufOptions;
import dev.ffmstore.gguf.Metadata;
import dev.ffmstore.gguf.MetadataValue;
import dev.ffmstore.gguf.Shape;
import dev.ffmstore.gguf.Source;
import dev.ffmstore.internal.text.Problem;
import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.function.Function;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/// What a file, or a set of files, holds as stored: metadata, and tensors with name, stored type, shape and place.
///
/// ```java
/// try (Model model = Model.open(path)) {                            // reads headers only
///     for (StoredTensor tensor : model.tensors()) { … }
///     TensorPlan plan = TensorPlan.of(model, TensorForm.dense());
/// }
/// ```
///
/// GGUF files, safetensors files (one, or shards with an index), IREE parameter archives and folders of NumPy
/// arrays are models, and so is a store that is loaded ([TensorStore#model]). All that the headers say is checked
/// when the model is opened; afterwards only a short read or a file that changes can still go wrong.
///
/// Immutable, except that it can be closed; any thread may use an open model. The model owns its files, and `close`
/// closes them.
public final class Model implements Closeable {
    /// The formats that models are stored in.
    public enum Format {
        GGUF("GGUF"),
        SAFETENSORS("safetensors"),
        IRPA(".irpa"),
        NPY("NPY"),
        /// The memory of a store.
        STORE("store");

        private final String word;

        Format(String word) {
            this.word = word;
        }

        /// {@return the name as it is written in text}
        @Override
        public String toString() {
            return word;
        }
    }

    /// Reads a format other than GGUF. Implementations are found by `ServiceLoader`.
    public interface Reader {
        /// What a reader thinks of a file or folder that it is shown.
        enum Recognition {
            /// The file or folder is of another format, or of none.
            NONE,
            /// The name says that it is of this format, so that this reader has to say what is wrong with it,
            /// unless another reader recognises the content.
            BY_NAME,
            /// The content says that it is of this format.
            BY_CONTENT
        }

        /// {@return whether a file or folder seems to be of this format}
        ///
        /// @param path the file or folder
        /// @param start the first bytes of a file, 16 at most; empty for a folder
        /// @throws IOException if the folder cannot be listed
        Recognition recognise(Path path, byte[] start) throws IOException;

        /// {@return the model; the caller closes it}
        ///
        /// @param path the file or folder
        /// @throws ModelException if it is malformed
        /// @throws IOException if it cannot be read
        Model open(Path path) throws IOException;

        /// {@return whether a file that is not local seems to be of this format; by default it does not}
        ///
        /// @param name the name of its source
        /// @param start the first bytes of it, 16 at most
        default Recognition recognise(String name, byte[] start) {
            return Recognition.NONE;
        }

        /// {@return the model that a file is which is not local; the caller closes it}
        ///
        /// @param source the bytes of the file, which the model owns from here on; it is closed if this throws
        /// @throws ModelException if it is malformed
        /// @throws IOException if it cannot be read
        default Model open(Source source) throws IOException {
            source.close();
            throw ModelException.of(source.name(), "a model of this format is read from local files only");
        }
    }

    /// A file that holds tensors, and its identity when the model was opened.
    ///
    /// @param source the bytes of the file
    /// @param identity what the file was when the model was opened
    private record Part(Source source, Source.Identity identity) {}

    private static final int START_BYTES = 16;
    private static final int MOST_DIMENSIONS = 8;
    private static final String ORIGINAL_SHAPE = "comfy.gguf.orig_shape.";

    /// The name of the convention of a model that does not say which it follows.
    public static final String UNKNOWN_CONVENTION = "as stored";

    private final String name;
    private final Format format;
    private final String convention;
    private final Metadata metadata;
    private final List<Part> parts;
    private final List<StoredTensor> tensors;
    private final Function<String, Optional<StoredTensor>> finder;
    private final List<GgufFile> gguf;
    private final List<String> warnings;

    private Model(
            String name,
            Format format,
            String convention,
            Metadata metadata,
            List<Part> parts,
            List<StoredTensor> tensors,
            Function<String, Optional<StoredTensor>> finder,
            List<GgufFile> gguf,
            List<String> warnings) {
        this.name = name;
        this.format = format;
        this.convention = convention;
        this.metadata = metadata;
        this.parts = List.copyOf(parts);
        this.tensors = Collections.unmodifiableList(tensors);
        this.finder = finder;
        this.gguf = gguf;
        this.warnings = List.copyOf(warnings);
    }

    /// {@return what finds tensors by their names}
    ///
    /// @throws IllegalArgumentException if two have the same name
    private static Function<String, Optional<StoredTensor>> finder(List<StoredTensor> tensors) {
        Map<String, StoredTensor> byName = HashMap.newHashMap(tensors.size());
        for (StoredTensor tensor : tensors) {
            if (byName.put(tensor.name(), tensor) != null) {
                throw new IllegalArgumentException(Problem.fill("two tensors have the name {}", tensor.name()));
            }
        }
        return name -> Optional.ofNullable(byName.get(name));
    }

    /// Opens a model with default limits; see [#open(Path, GgufOptions)].
    ///
    /// @return the model; the caller closes it
    /// @throws IOException as [#open(Path, GgufOptions)] does
    public static Model open(Path path) throws IOException {
        return open(path, GgufOptions.defaults());
    }

    /// Opens a model. The format is recognised by the content if possible, rather than by the name.
    ///
    /// A GGUF file that is a part of a split model stands for the whole: all its parts are opened, from the same
    /// folder, and make one model. A part that is missing, or of another model, is an error.
    ///
    /// @param path a GGUF file, or any part of a split one; a safetensors file, the index of safetensors shards or
    /// a folder that holds one; an IREE parameter archive; or a folder of NumPy arrays
    /// @param limits what is accepted in a GGUF header
    /// @return the model; the caller closes it
    /// @throws dev.ffmstore.gguf.GgufException if it is a malformed GGUF file, or a file of no known format
    /// @throws ModelException if it is a malformed file or folder of another format
    /// @throws java.io.InterruptedIOException if the calling thread is interrupted, whose interrupt status stays
    /// set
    /// @throws IOException if it cannot be read
    public static Model open(Path path, GgufOptions limits) throws IOException {
        if (Files.isDirectory(path)) {
            return reader(its -> its.recognise(path, new byte[0]))
                    .orElseThrow(() -> ModelException.expected(
                            path.toString(),
                            "the index of safetensors shards, or .npy files",
                            "a folder of other things",
                            "is no model"))
                    .open(path);
        }
        return open(Location.of(path), limits);
    }

    /// Opens one GGUF file, as such: if it is a part of a split model, the other parts are left alone, and what the
    /// part says of itself is not checked.
    ///
    /// A part is not a model: this is for looking into files that do not fit together.
    ///
    /// @param path a GGUF file
    /// @param limits what is accepted in its header
    /// @return the part; the caller closes it
    /// @throws IOException as [#open(Path, GgufOptions)] does
    public static Model openPart(Path path, GgufOptions limits) throws IOException {
        return of(GgufFile.open(Source.of(path), limits));
    }

    /// Opens one GGUF file where it lies, as [#openPart(Path, GgufOptions)] does.
    ///
    /// @param location of a GGUF file, as in [#open(URI, GgufOptions)]
    /// @return the part; the caller closes it
    /// @throws IOException as [#open(URI, GgufOptions)] does
    public static Model openPart(URI location, GgufOptions limits) throws IOException {
        return of(GgufFile.open(Location.of(location).open(), limits));
    }

    /// Opens a model with default limits; see [#open(URI, GgufOptions)].
    ///
    /// @return the model; the caller closes it
    /// @throws IOException as [#open(URI, GgufOptions)] does
    public static Model open(URI location) throws IOException {
        return open(location, GgufOptions.defaults());
    }

    /// Opens a model where it lies: a file on a server, of which only the ranges that are needed are read, or a
    /// local file or folder.
    ///
    /// The server must answer requests for ranges. What is read is held to the entity tag or the date that the file
    /// had when it was opened; failures that may pass are retried. A bearer token in the environment variable
    /// `HF_TOKEN` is sent to `huggingface.co` and its subdomains, over `https` only, and never after a redirect to
    /// another server.
    ///
    /// @param location `https:` or `http:`, of a GGUF file, a safetensors file or an IREE parameter archive; or
    /// `file:`, of what [#open(Path, GgufOptions)] takes
    /// @param limits what is accepted in a GGUF header
    /// @return the model; the caller closes it
    /// @throws dev.ffmstore.gguf.GgufException as [#open(Path, GgufOptions)] does
    /// @throws ModelException as [#open(Path, GgufOptions)] does
    /// @throws java.io.InterruptedIOException if the calling thread is interrupted, whose interrupt status stays
    /// set
    /// @throws IOException if it cannot be read, if the server does not send ranges of it, or if the scheme is
    /// another one
    public static Model open(URI location, GgufOptions limits) throws IOException {
        return switch (Location.of(location)) {
            case Location.Local(Path path) -> open(path, limits);
            case Location.Remote remote -> open(remote, limits);
        };
    }

    /// {@return the model that the file of a location is, with the other parts if it is a part}
    private static Model open(Location location, GgufOptions limits) throws IOException {
        Source source = location.open();
        Optional<Reader> reader;
        try {
            byte[] start = start(source);
            reader = isGguf(start)
                    ? Optional.empty()
                    : reader(its -> location instanceof Location.Local(Path path)
                            ? its.recognise(path, start)
                            : its.recognise(source.name(), start));
        } catch (Throwable failure) {
            try (source) {
                throw failure;
            }
        }
        if (reader.isEmpty()) {
            return of(GgufParts.open(source, limits, location::openSibling));
        }
        if (location instanceof Location.Local(Path path)) {
            source.close();
            return reader.get().open(path);
        }
        return reader.get().open(source);
    }

    private static boolean isGguf(byte[] start) {
        return new String(start, StandardCharsets.ISO_8859_1).startsWith("GGUF");
    }

    /// What a reader thinks of a file or folder.
    @FunctionalInterface
    private interface Question {
        Reader.Recognition ask(Reader reader) throws IOException;
    }

    /// {@return the reader of a file or folder that is not a GGUF file: if possible one that recognises the
    /// content}
    private static Optional<Reader> reader(Question question) throws IOException {
        Optional<Reader> byName = Optional.empty();
        for (Reader reader : ServiceLoader.load(Reader.class, Model.class.getClassLoader())) {
            switch (question.ask(reader)) {
                case BY_CONTENT -> {
                    return Optional.of(reader);
                }
                case BY_NAME -> byName = byName.or(() -> Optional.of(reader));
                case NONE -> {}
            }
        }
        return byName;
    }

    private static byte[] start(Source source) throws IOException {
        byte[] start = new byte[(int) Math.min(START_BYTES, source.size())];
        source.read(0, MemorySegment.ofArray(start));
        return start;
    }

    /// {@return the model that a GGUF file is; the model owns the file from here on}
    ///
    /// @param file an open file, which is a whole model
    /// @throws IOException if the identity of the file cannot be had; the file is closed then
    public static Model of(GgufFile file) throws IOException {
        return of(List.of(file));
    }

    /// {@return the model that the parts of a split model are together}
    private static Model of(List<GgufFile> files) throws IOException {
        try {
            List<Part> parts = new ArrayList<>(files.size());
            for (GgufFile file : files) {
                parts.add(new Part(file.source(), file.source().openedIdentity()));
            }
            GgufTensors stored = new GgufTensors(files, Map.of());
            Metadata metadata = files.getFirst().metadata();
            List<String> warnings = new ArrayList<>();
            ModelKind.of(metadata, stored.size()).ifPresent(warnings::add);
            GgufTensors tensors = new GgufTensors(files, originalShapes(stored, metadata, warnings));
            return new Model(
                    files.getFirst().name(),
                    Format.GGUF,
                    Names.gguf().convention(),
                    metadata,
                    parts,
                    tensors,
                    tensors::find,
                    files,
                    warnings);
        } catch (Throwable failure) {
            GgufParts.close(files, failure);
            throw failure;
        }
    }

    /// {@return the shapes that tensors had before they were stored in another one, where the metadata says so}
    private static Map<String, Shape> originalShapes(GgufTensors tensors, Metadata metadata, List<String> warnings) {
        Map<String, Shape> shapes = new HashMap<>();
        for (String key : metadata.asMap().keySet()) {
            if (!key.startsWith(ORIGINAL_SHAPE)) {
                continue;
            }
            Optional<StoredTensor> found = tensors.find(key.substring(ORIGINAL_SHAPE.length()));
            if (found.isEmpty()) {
                continue;
            }
            StoredTensor tensor = found.get();
            Optional<Shape> shape = shape(metadata.get(key))
                    .filter(original ->
                            original.elementCount() == tensor.shape().elementCount());
            if (shape.isPresent()) {
                shapes.put(tensor.name(), shape.get());
            } else {
                warnings.add(Problem.fill(
                        "tensor {} keeps the shape {}: the metadata key {} is not a shape of as many elements: {}",
                        tensor.name(),
                        tensor.shape(),
                        key,
                        metadata.get(key)));
            }
        }
        return shapes;
    }

    private static Optional<Shape> shape(MetadataValue value) {
        if (!(value instanceof MetadataValue.Array array)
                || !array.elementType().isInteger()
                || array.size() > MOST_DIMENSIONS) {
            return Optional.empty();
        }
        try {
            return Optional.of(Shape.of(
                    LongStream.range(0, array.size()).map(array::integer).toArray()));
        } catch (ArithmeticException | IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /// {@return this model with the shapes that are in its files, whatever the metadata says of original ones}
    ///
    /// Both models have the same files: closing one closes the other.
    public Model withStoredShapes() {
        if (gguf.isEmpty()) {
            return this;
        }
        GgufTensors stored = new GgufTensors(gguf, Map.of());
        return new Model(name, format, convention, metadata, parts, stored, stored::find, gguf, warnings);
    }

    /// {@return a model of tensors that are not quantised, or whose blocks are in other files than GGUF}
    ///
    /// The model owns the parts from here on, and closes them; they are also closed if this throws.
    ///
    /// @param name the model's name in messages
    /// @param format what the model is stored as
    /// @param convention the convention of names and layouts, or [#UNKNOWN_CONVENTION]
    /// @param metadata the metadata; empty if there is none
    /// @param parts the sources that hold the tensors' bytes
    /// @param tensors the tensors, of different names, each within its part
    /// @throws IOException if the identity of a part cannot be had
    public static Model of(
            String name,
            Format format,
            String convention,
            Metadata metadata,
            List<Source> parts,
            List<StoredTensor> tensors)
            throws IOException {
        try {
            List<Part> known = new ArrayList<>(parts.size());
            for (Source part : parts) {
                known.add(new Part(part, part.openedIdentity()));
            }
            List<StoredTensor> all = List.copyOf(tensors);
            return new Model(name, format, convention, metadata, known, all, finder(all), List.of(), List.of());
        } catch (IOException | RuntimeException failure) {
            for (Source part : parts) {
                try {
                    part.close();
                } catch (IOException e) {
                    failure.addSuppressed(e);
                }
            }
            throw failure;
        }
    }

    /// {@return the model's name in messages: for a local file or folder its path}
    public String name() {
        return name;
    }

    /// {@return what the model is stored as}
    public Format format() {
        return format;
    }

    /// {@return the convention of the model's names and layouts: `gguf`, `hf`, the name of a user's table, or
    /// [#UNKNOWN_CONVENTION]}
    public String convention() {
        return convention;
    }

    /// {@return the model's metadata, readable until the model is closed; empty for formats that have none}
    public Metadata metadata() {
        return metadata;
    }

    /// {@return all tensors, in the model's order, tied ones under each of their names; unmodifiable, and readable
    /// until the model is closed}
    public List<StoredTensor> tensors() {
        return tensors;
    }

    /// {@return the tensor of this name, or empty}
    public Optional<StoredTensor> find(String tensor) {
        return finder.apply(tensor);
    }

    /// {@return the tensor of this name}
    ///
    /// @throws NoSuchElementException if there is none
    public StoredTensor tensor(String tensor) {
        return find(tensor)
                .orElseThrow(() -> new NoSuchElementException(
                        Problem.of(name, "no tensor {}", tensor).toString()));
    }

    /// {@return this model, with its untyped tensors given the types and shapes that tensors of the same names have
    /// elsewhere; a name that is not found there gets those of a tensor in the same place. A tensor for which
    /// nothing is found, or another size, stays a row of bytes}
    ///
    /// Both models have the same files: closing one closes the other.
    ///
    /// @param types tensors whose types and shapes are known
    public Model typedBy(List<StoredTensor> types) {
        Map<String, StoredTensor> typeByName = HashMap.newHashMap(types.size());
        types.forEach(type -> typeByName.put(type.name(), type));
        Map<Place, StoredTensor> typeByPlace = new HashMap<>();
        List<StoredTensor> named = new ArrayList<>(tensors.size());
        for (StoredTensor tensor : tensors) {
            StoredTensor typed = typedBy(tensor, typeByName.get(tensor.name()));
            named.add(typed);
            if (typed.isTyped()) {
                typeByPlace.putIfAbsent(Place.of(typed), typed);
            }
        }
        List<StoredTensor> placed = named.stream()
                .map(tensor -> typeByName.containsKey(tensor.name())
                        ? tensor
                        : typedBy(tensor, typeByPlace.get(Place.of(tensor))))
                .toList();
        return new Model(name, format, convention, metadata, parts, placed, finder(placed), gguf, warnings);
    }

    /// {@return this model, with its untyped tensors given the shapes of the tensors of another model, see
    /// [#typedBy(List)]; they are of the type that is stored there or, where that is quantised or the size says so,
    /// of the type that it becomes by default}
    ///
    /// Both models have the same files: closing one closes the other. The other model may be closed.
    ///
    /// @param other a model of tensors whose types and shapes are known, such as the one that an archive was made
    /// from
    public Model typedBy(Model other) {
        List<StoredTensor> stored = new ArrayList<>();
        List<StoredTensor> dense = new ArrayList<>();
        for (StoredTensor tensor : other.tensors()) {
            if (tensor.isTyped() && tensor.unreadable().isEmpty()) {
                DType.storedAs(tensor.type()).ifPresent(type -> stored.add(tensor));
                denseForm(tensor).ifPresent(dense::add);
            }
        }
        return typedBy(stored).typedBy(dense);
    }

    private static Optional<StoredTensor> denseForm(StoredTensor tensor) {
        DType dtype = DType.denseOf(tensor.type());
        try {
            long size = dtype.byteSize(tensor.shape().elementCount());
            return Optional.of(new StoredTensor(tensor.name(), dtype.stored(), tensor.shape(), 0, 0, size));
        } catch (ArithmeticException e) { // larger than any file
            return Optional.empty();
        }
    }

    private static StoredTensor typedBy(StoredTensor tensor, @Nullable StoredTensor type) {
        if (tensor.isTyped() || type == null || type.byteSize() != tensor.byteSize()) {
            return tensor;
        }
        return new StoredTensor(
                tensor.name(), type.type(), type.shape(), tensor.part(), tensor.offset(), tensor.byteSize());
    }

    private record Place(int part, long offset, long byteSize) {
        static Place of(StoredTensor tensor) {
            return new Place(tensor.part(), tensor.offset(), tensor.byteSize());
        }
    }

    /// {@return the companion scale of a tensor, well-formed or not; empty if it has none}
    public Optional<CompanionScale> companion(StoredTensor tensor) {
        return CompanionScale.of(tensor, this::find);
    }

    /// {@return the companion scales of all tensors, in the order of the tensors}
    public List<CompanionScale> companions() {
        return tensors.stream().flatMap(tensor -> companion(tensor).stream()).toList();
    }

    /// {@return the GGUF files that this model is, more than one if it is split, in the order of its parts; none
    /// for other formats; the model closes them}
    public List<GgufFile> gguf() {
        return gguf;
    }

    /// {@return what a user of the model should know although it is accepted: that it is no whole model, or that
    /// shapes are not its own, in sentences that are safe to print}
    ///
    /// What is odd about the files is said by [GgufFile#warnings].
    public List<String> warnings() {
        return warnings;
    }

    /// {@return the size of all its files together, in bytes}
    public long byteSize() {
        return parts.stream().mapToLong(part -> part.source().size()).sum();
    }

    /// {@return the number of parts}
    int partCount() {
        return parts.size();
    }

    /// {@return the source of a part's bytes; the model closes it}
    ///
    /// @param part 0 or more, as in [StoredTensor#part]
    /// @throws IndexOutOfBoundsException if there is no such part
    public Source source(int part) {
        return parts.get(part).source();
    }

    /// {@return the bytes of a tensor as memory, read-only, if the model has them in memory already}
    Optional<MemorySegment> view(StoredTensor tensor) {
        return source(tensor.part()).view(tensor.offset(), tensor.byteSize());
    }

    /// Makes sure that every part is still what it was when the model was opened.
    ///
    /// @throws IOException if a part has changed, is gone, or cannot be examined
    public void checkUnchanged() throws IOException {
        for (Part part : parts) {
            Source.Identity now = part.source().identity();
            if (!now.equals(part.identity())) {
                throw ModelException.expected(
                        part.source().name(),
                        part.identity().size() + " bytes of " + part.identity().modified(),
                        now.size() + " bytes of " + now.modified()
                                + (now.key().equals(part.identity().key()) ? "" : ", another file"),
                        "has changed since it was opened");
            }
        }
    }

    /// Closes all files of the model, even if closing one of them fails. Closing twice does nothing.
    ///
    /// @throws IllegalStateException if another thread is just passing memory of the metadata to a system call
    @Override
    public void close() throws IOException {
        Throwable failure = null;
        List<Closeable> all = new ArrayList<>();
        all.addAll(gguf);
        if (gguf.isEmpty()) {
            parts.forEach(part -> all.add(part.source()));
        }
        for (Closeable one : all) {
            try {
                one.close();
            } catch (IOException | RuntimeException e) {
                if (failure == null) {
                    failure = e;
                } else {
                    failure.addSuppressed(e);
                }
            }
        }
        switch (failure) {
            case null -> {}
            case IOException e -> throw e;
            default -> throw (RuntimeException) failure;
        }
    }

    /// {@return the model's name, format and number of tensors}
    @Override
    public String toString() {
        return Problem.of(name, "{} model, {} tensors", format, tensors.size()).toString();
    }
}
