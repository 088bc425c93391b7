package dev.ffmstore.gguf;

import dev.ffmstore.internal.text.Problem;
import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
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
/// counts, lengths, types, shapes, sizes, alignment, and that every tensor is inside the file without overlapping
/// another. Versions 2 and 3 are read, little-endian.
///
/// Any thread may use an open file. The metadata's strings and arrays are in off-heap memory, which `close` frees.
public final class GgufFile implements Closeable {
    private final Source source;
    private final Source.Identity identity;
    private final Arena arena;
    private final GgufHeader header;

    private GgufFile(Source source, Source.Identity identity, Arena arena, GgufHeader header) {
        this.source = source;
        this.identity = identity;
        this.arena = arena;
        this.header = header;
    }

    /// Opens a local file with default options.
    ///
    /// @param path the file
    /// @return the file; the caller closes it
    /// @throws GgufException if it is not a GGUF file that this library reads
    /// @throws java.io.InterruptedIOException if the calling thread is interrupted, whose interrupt
    /// status stays set
    /// @throws IOException if it cannot be read
    public static GgufFile open(Path path) throws IOException {
        return open(Source.of(path), GgufOptions.defaults());
    }

    /// Opens a source. The file owns the source from then on: it is closed with the file, and also if opening
    /// fails.
    ///
    /// @param source the bytes of the file
    /// @param options the limits on the header
    /// @return the file; the caller closes it
    /// @throws GgufException if it is not a GGUF file that this library reads
    /// @throws java.io.InterruptedIOException if the calling thread is interrupted, whose interrupt
    /// status stays set
    /// @throws IOException if it cannot be read
    @SuppressWarnings("MustBeClosed") // the file that is returned closes the arena
    public static GgufFile open(Source source, GgufOptions options) throws IOException {
        Arena arena = Arena.ofShared();
        try {
            Source.Identity identity = source.openedIdentity();
            return new GgufFile(source, identity, arena, GgufParser.parse(source, options, arena));
        } catch (Throwable failure) {
            try (source) {
                arena.close();
            } catch (IOException | RuntimeException e) {
                failure.addSuppressed(e);
            }
            throw failure;
        }
    }

    /// {@return the name of the source: for a local file its path}
    public String name() {
        return source.name();
    }

    /// {@return the source of the file's bytes, which this file closes}
    public Source source() {
        return source;
    }

    /// {@return the version of the file's format, 2 or 3}
    public int version() {
        return header.version();
    }

    /// {@return the power of two, in bytes, of which every tensor's offset from the start of the data
    /// is a multiple}
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

    /// {@return all tensors, in the order of the file's tensor infos, unmodifiable and readable until this file is
    /// closed; each is made when it is asked for}
    public List<TensorInfo> tensors() {
        return header.tensors();
    }

    /// {@return the tensor with this name, or empty; to be asked until this file is closed}
    public Optional<TensorInfo> find(String name) {
        return header.tensors().find(name);
    }

    /// {@return the tensor with this name}
    ///
    /// @throws NoSuchElementException if there is none
    public TensorInfo tensor(String name) {
        return find(name)
                .orElseThrow(() -> new NoSuchElementException(
                        Problem.of(name(), "no tensor {}", name).toString()));
    }

    /// {@return what is odd about the file although it is accepted, in sentences that are safe to print: above all,
    /// what would make ggml's own reader refuse the file}
    public List<String> warnings() {
        return header.warnings();
    }

    /// Checks that the source is still what it was when it was opened.
    ///
    /// @throws IOException if the source has changed, is gone, or cannot be queried
    public void checkUnchanged() throws IOException {
        Source.Identity now = source.identity();
        if (!now.equals(identity)) {
            String another = now.key().equals(identity.key()) ? "" : ", another file";
            throw new IOException(Problem.of(name(), "has changed since it was opened")
                    .expected(state(identity))
                    .got(state(now) + another)
                    .toString());
        }
    }

    private static String state(Source.Identity identity) {
        return identity.size() + " bytes of " + identity.modified();
    }

    /// Closes the source and frees the memory of the metadata. Closing twice has no further effect.
    ///
    /// @throws IllegalStateException if another thread is passing the memory of a string or an array to a system
    /// call at that moment; the source is closed all the same, and another close frees the memory
    @Override
    public synchronized void close() throws IOException {
        try (source) {
            if (arena.scope().isAlive()) {
                arena.close();
            }
        }
    }
}
