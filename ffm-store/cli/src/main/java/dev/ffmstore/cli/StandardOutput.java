package dev.ffmstore.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Standard output that remembers why it could not be written: a [java.io.PrintWriter] only says that it could not.
///
/// It is no failure if the reader has gone, as `head` does when it has seen enough. For one thread.
final class StandardOutput extends OutputStream {
    static final String NAME = "standard output";

    private final OutputStream out = new FileOutputStream(FileDescriptor.out);
    private @Nullable IOException failure;

    /// Ends the work of a command that has noticed that it cannot print. [StandardOutput] knows the reason, which
    /// is told once the command has ended.
    static final class LostException extends IOException {
        private static final long serialVersionUID = 1L;
    }

    /// {@return why the first write that failed did so; empty if none did}
    Optional<IOException> failure() {
        return Optional.ofNullable(failure);
    }

    /// {@return whether a write failed because nobody reads any more}
    ///
    /// Java passes on only the system's words, which may be in the user's language; but writing to a pipe fails for
    /// no other reason.
    static boolean isReaderGone(IOException failure) {
        return failure.getClass() == IOException.class
                && (Objects.requireNonNullElse(failure.getMessage(), "").contains("Broken pipe") || isPipe());
    }

    private static boolean isPipe() {
        try {
            return Files.readSymbolicLink(Path.of("/proc/self/fd/1")).toString().startsWith("pipe:");
        } catch (IOException | UnsupportedOperationException _) {
            return false; // not on Linux
        }
    }

    @Override
    public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        try {
            out.write(bytes, offset, length);
        } catch (IOException e) {
            failure = failure == null ? e : failure;
            throw e;
        }
    }
}
