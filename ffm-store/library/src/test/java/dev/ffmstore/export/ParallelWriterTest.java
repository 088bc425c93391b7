package dev.ffmstore.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ffmstore.DType;
import dev.ffmstore.fixtures.Tensors;
import dev.ffmstore.internal.pass.Pass;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class ParallelWriterTest {
    @Test
    void aFileThatCannotBeClosedHidesNoFailureAndLeavesNoneOpen() {
        Tensors source = new Tensors().add("a", DType.F32, 10).beforeRead(constant -> {
            throw new IOException("test.gguf: ends early");
        });
        FileLayout layout = FileLayout.builder(source.source())
                .add(new FileLayout.Raw(source.tensor("a")))
                .build();
        List<Unclosable> channels = List.of(new Unclosable("first"), new Unclosable("second"), new Unclosable("third"));
        List<OutputFile> files = channels.stream()
                .map(channel -> OutputFile.within(channel, Path.of(channel.name), layout, 0, layout.size()))
                .toList();
        ParallelWriter writer = new ParallelWriter(files);
        assertThatThrownBy(() -> writer.run(new Pass(1, "interrupted"), (done, total) -> {}, layout.size()))
                .hasMessageContaining("test.gguf: ends early")
                .satisfies(e -> assertThat(e.getSuppressed())
                        .singleElement()
                        .satisfies(first -> assertThat(first)
                                .hasMessage("first cannot be closed")
                                .hasSuppressedException(new IOException("second cannot be closed"))
                                .hasSuppressedException(new IOException("third cannot be closed"))));
        assertThat(channels).noneMatch(FileChannel::isOpen);
    }

    /// Closes, and says that it could not.
    private static final class Unclosable extends FileChannel {
        private final String name;

        Unclosable(String name) {
            this.name = name;
        }

        @Override
        protected void implCloseChannel() throws IOException {
            throw new IOException(name + " cannot be closed");
        }

        @Override
        public int read(ByteBuffer target) {
            throw new UnsupportedOperationException();
        }

        @Override
        public long read(ByteBuffer[] targets, int offset, int length) {
            throw new UnsupportedOperationException();
        }

        @Override
        public int write(ByteBuffer source) {
            throw new UnsupportedOperationException();
        }

        @Override
        public long write(ByteBuffer[] sources, int offset, int length) {
            throw new UnsupportedOperationException();
        }

        @Override
        public long position() {
            throw new UnsupportedOperationException();
        }

        @Override
        public FileChannel position(long position) {
            throw new UnsupportedOperationException();
        }

        @Override
        public long size() {
            throw new UnsupportedOperationException();
        }

        @Override
        public FileChannel truncate(long size) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void force(boolean metaData) {
            throw new UnsupportedOperationException();
        }

        @Override
        public long transferTo(long position, long count, WritableByteChannel target) {
            throw new UnsupportedOperationException();
        }

        @Override
        public long transferFrom(ReadableByteChannel source, long position, long count) {
            throw new UnsupportedOperationException();
        }

        @Override
        public int read(ByteBuffer target, long position) {
            throw new UnsupportedOperationException();
        }

        @Override
        public int write(ByteBuffer source, long position) {
            throw new UnsupportedOperationException();
        }

        @Override
        public MappedByteBuffer map(MapMode mode, long position, long size) {
            throw new UnsupportedOperationException();
        }

        @Override
        public FileLock lock(long position, long size, boolean shared) {
            throw new UnsupportedOperationException();
        }

        @Override
        public FileLock tryLock(long position, long size, boolean shared) {
            throw new UnsupportedOperationException();
        }
    }
}
