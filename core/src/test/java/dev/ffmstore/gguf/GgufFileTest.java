package dev.ffmstore.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ffmstore.internal.gguf.GgufWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/// What closing a file frees.
class GgufFileTest {
    /// More than a pipe holds.
    private static final int LENGTH = 4 << 20;

    private static final byte[] FILE =
            new GgufWriter(3).putString("k", "x".repeat(LENGTH)).header();

    @Test
    void closesTheSourceThoughAStringIsInUse() throws Exception {
        ByteSource source = new ByteSource(FILE);
        GgufFile file = GgufFile.open(source, GgufOptions.defaults());
        whileASystemCallHoldsTheString(file, () -> {
            assertThatIllegalStateException().isThrownBy(file::close);
            assertThat(source.isClosed()).isTrue();
        });
        file.close();
        assertThatIllegalStateException().isThrownBy(() -> file.metadata().string("k"));
    }

    @Test
    void saysBothOfTwoFailures() throws Exception {
        GgufFile file = GgufFile.open(new Unclosable(), GgufOptions.defaults());
        whileASystemCallHoldsTheString(
                file,
                () -> assertThatThrownBy(file::close)
                        .isInstanceOf(IllegalStateException.class)
                        .satisfies(failure -> assertThat(failure.getSuppressed())
                                .singleElement()
                                .isInstanceOfSatisfying(
                                        IOException.class,
                                        second -> assertThat(second).hasMessage("cannot be closed"))));
        assertThatThrownBy(file::close).isInstanceOf(IOException.class).hasMessage("cannot be closed");
        assertThatIllegalStateException().isThrownBy(() -> file.metadata().string("k"));
    }

    private static final class Unclosable extends ByteSource {
        Unclosable() {
            super(FILE);
        }

        @Override
        public void close() throws IOException {
            throw new IOException("cannot be closed");
        }
    }

    @FunctionalInterface
    private interface Action {
        void run() throws Exception;
    }

    /// Runs something while another thread writes the string to a pipe that takes no more of it.
    private static void whileASystemCallHoldsTheString(GgufFile file, Action action) throws Exception {
        Pipe pipe = Pipe.open();
        ByteBuffer text =
                ((MetadataValue.Text) file.metadata().get("k")).bytes().asByteBuffer();
        try (ExecutorService writer = Executors.newSingleThreadExecutor();
                Pipe.SinkChannel sink = pipe.sink();
                Pipe.SourceChannel rest = pipe.source()) {
            Future<Integer> written = writer.submit(() -> sink.write(text));
            ByteBuffer read = ByteBuffer.allocate(1 << 16);
            int total = rest.read(read.limit(1)); // the call has begun
            try {
                action.run();
            } finally {
                while (total < LENGTH) {
                    total += rest.read(read.clear());
                }
            }
            assertThat(written.get()).isEqualTo(LENGTH);
        }
    }
}
