package dev.ffmstore.formats;

import dev.ffmstore.export.FileLayout;
import dev.ffmstore.gguf.Source;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/// Text that is made once and kept in off-heap memory, which is freed when nobody refers to it any more: a
/// vocabulary of a quarter of a million words takes some ten megabytes, too much for a small heap.
final class TextSource implements Source {
    /// Writes a text, a little at a time, and the same text at each call.
    @FunctionalInterface
    public interface Text {
        /// Appends the whole text, piece by piece.
        void writeTo(Sink sink);
    }

    /// Takes the pieces of a text.
    @FunctionalInterface
    public interface Sink {
        /// {@return this sink, after adding a piece}
        Sink add(String piece);
    }

    private final String name;
    private final MemorySegment bytes;

    private TextSource(String name, MemorySegment bytes) {
        this.name = name;
        this.bytes = bytes;
    }

    /// {@return a source of the text in UTF-8}
    ///
    /// @param name the name of the source in messages
    /// @param text writes the text twice: to measure it, and to keep it
    public static TextSource of(String name, Text text) {
        Measure measure = new Measure();
        text.writeTo(measure);
        MemorySegment bytes = Arena.ofAuto().allocate(measure.size);
        text.writeTo(new Copy(bytes));
        return new TextSource(name, bytes.asReadOnly());
    }

    /// {@return the layout of a file of the whole text}
    public FileLayout layout() {
        return FileLayout.builder().add(new FileLayout.Copy(this, 0, size())).build();
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public long size() {
        return bytes.byteSize();
    }

    @Override
    public Identity identity() {
        return new Identity(size(), "", name);
    }

    @Override
    public void read(long offset, MemorySegment target) {
        Objects.checkFromIndexSize(offset, target.byteSize(), size());
        MemorySegment.copy(bytes, offset, target, 0, target.byteSize());
    }

    @Override
    public void close() {
        // the garbage collector frees the memory
    }

    private static final class Measure implements Sink {
        private long size;

        @Override
        public Sink add(String piece) {
            size += piece.getBytes(StandardCharsets.UTF_8).length;
            return this;
        }
    }

    private static final class Copy implements Sink {
        private final MemorySegment bytes;
        private long size;

        Copy(MemorySegment bytes) {
            this.bytes = bytes;
        }

        @Override
        public Sink add(String piece) {
            byte[] utf8 = piece.getBytes(StandardCharsets.UTF_8);
            MemorySegment.copy(utf8, 0, bytes, ValueLayout.JAVA_BYTE, size, utf8.length);
            size += utf8.length;
            return this;
        }
    }
}
