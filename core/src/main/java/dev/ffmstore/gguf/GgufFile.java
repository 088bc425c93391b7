package dev.ffmstore.gguf;

import dev.ffmstore.internal.text.Printable;
import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;

/// A GGUF file, parsed and validated; no tensor data is read.
///
/// ```java
/// try (GgufFile file = GgufFile.open(path)) {
///     String architecture = file.metadata().string("general.architecture");
///     for (TensorInfo tensor : file.tensors()) { … }
/// }
/// ```
///
/// Everything the header says is checked when the file is opened, in time and memory proportional to the header:
/// counts, lengths, types, shapes, sizes, alignment, and that every tensor lies inside the file without overlapping
/// another. Versions 2 and 3 are read, little-endian.
///
/// Any thread may use an open file. The metadata's strings and arrays live in off-heap memory that `close` frees.
public final class GgufFile implements Closeable {
    private final Source source;
    private final Source.Identity identity;
    private final Arena arena;
    private final GgufHeader header;
    private final Map<String, TensorInfo> byName;

    private GgufFile(Source source, Source.Identity identity, Arena arena, GgufHeader header) {
        this.source = source;
        this.identity = identity;
        this.arena = arena;
        this.header = header;
        this.byName = HashMap.newHashMap(header.tensors().size());
        for (TensorInfo tensor : header.tensors()) {
            byName.put(tensor.name(), tensor);
        }
    }

    /// Opens a local file with default options.
    ///
    /// @param path the file
    /// @return the file; the caller closes it
    /// @throws GgufException if it is not a GGUF file this library reads
    /// @throws IOException if it cannot be read
    public static GgufFile open(Path path) throws IOException {
        return open(Source.of(path), GgufOptions.defaults());
    }

    /// Opens a source. The file owns it from here on: it is closed with the file, and also if opening fails.
    ///
    /// @param source where the bytes are
    /// @param options the limits
    /// @return the file; the caller closes it
    /// @throws GgufException if it is not a GGUF file this library reads
    /// @throws IOException if it cannot be read
    @SuppressWarnings("MustBeClosed") // the file that is returned closes the arena
    public static GgufFile open(Source source, GgufOptions options) throws IOException {
        Arena arena = Arena.ofShared();
        try {
            Source.Identity identity = source.identity();
            return new GgufFile(source, identity, arena, GgufParser.parse(source, options, arena));
        } catch (Throwable failure) {
            arena.close();
            try {
                source.close();
            } catch (IOException e) {
                failure.addSuppressed(e);
            }
            throw failure;
        }
    }

    /// {@return the name of the source: for a local file its path}
    public String name() {
        return source.name();
    }

    /// {@return where the bytes are; it belongs to this file}
    public Source source() {
        return source;
    }

    /// {@return the version of the format, 2 or 3}
    public int version() {
        return header.version();
    }

    /// {@return what every tensor's offset from the start of the data is a multiple of, in bytes; a power of two}
    public int alignment() {
        return header.alignment();
    }

    /// {@return where the tensor data starts, in bytes from the start of the file}
    public long dataOffset() {
        return header.dataOffset();
    }

    /// {@return the metadata, readable until this file is closed}
    public Metadata metadata() {
        return header.metadata();
    }

    /// {@return all tensors, in the order of the file's tensor infos, unmodifiable}
    public List<TensorInfo> tensors() {
        return header.tensors();
    }

    /// {@return the tensor with this name, or empty}
    public Optional<TensorInfo> find(String name) {
        return Optional.ofNullable(byName.get(name));
    }

    /// {@return the tensor with this name}
    ///
    /// @throws NoSuchElementException if there is none
    public TensorInfo tensor(String name) {
        return find(name)
                .orElseThrow(() ->
                        new NoSuchElementException(Printable.escape(name()) + ": no tensor " + Printable.escape(name)));
    }

    /// {@return what is odd about the file though it is accepted, one sentence each, fit to print: above all, what
    /// makes ggml's own reader refuse it}
    public List<String> warnings() {
        return header.warnings();
    }

    /// Makes sure that the source still is what it was when it was opened.
    ///
    /// @throws IOException if it has changed, is gone, or cannot be asked
    public void checkUnchanged() throws IOException {
        Source.Identity now = source.identity();
        if (!now.equals(identity)) {
            throw new IOException(Printable.escape(name()) + ": has changed since it was opened: expected "
                    + identity.size() + " bytes of " + identity.modified() + ", got " + now.size() + " bytes of "
                    + now.modified() + (now.key().equals(identity.key()) ? "" : ", another file"));
        }
    }

    /// Closes the source and frees the memory of the metadata. Closing twice does nothing.
    ///
    /// @throws IllegalStateException if another thread is just passing a string's or an array's memory to a system
    /// call
    @Override
    public synchronized void close() throws IOException {
        if (arena.scope().isAlive()) {
            arena.close();
        }
        source.close();
    }
}
