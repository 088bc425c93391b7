package dev.ffmstore.formats;

import dev.ffmstore.ModelException;
import dev.ffmstore.gguf.Source;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/// A local file that is opened for each read and closed again, so that no file of a large folder stays open.
final class ReopenedFile implements Source {
    private final Path path;
    private final Identity known;

    private ReopenedFile(Path path, Identity known) {
        this.path = path;
        this.known = known;
    }

    /// {@return a source of the file that another source has open}
    static ReopenedFile of(Path path, Source open) throws IOException {
        return new ReopenedFile(path, open.identity());
    }

    @Override
    public String name() {
        return path.toString();
    }

    @Override
    public long size() {
        return known.size();
    }

    @Override
    public Identity identity() throws IOException {
        try (Source source = Source.of(path)) {
            return source.identity();
        }
    }

    @Override
    public void read(long offset, MemorySegment target) throws IOException {
        try (Source source = Source.of(path)) {
            Identity now = source.identity();
            if (!now.equals(known)) {
                throw ModelException.expected(
                        name(),
                        known.size() + " bytes of " + known.modified(),
                        now.size() + " bytes of " + now.modified(),
                        "has changed since it was opened");
            }
            source.read(offset, target);
        }
    }

    @Override
    public void close() {
        // nothing is open
    }
}
