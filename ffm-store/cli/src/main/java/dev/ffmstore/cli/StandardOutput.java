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

/// Standard output, which remembers why it could not be written: a [java.io.PrintWriter] tells only that.
///
/// A reader that has left, as `head` does when it has seen enough, is no failure. For one thread.
final class StandardOutput extends OutputStream {
    static final String NAME = "standard output";

    private final OutputStream out = new FileOutputStream(FileDescriptor.out);
    private @Nullable IOException failure;

    /// Ends the work of a command that has noticed it cannot print. Why not is known to [StandardOutput], and told
    /// once the command has ended.
    static final class LostException extends IOException {
        private static final long serialVersionUID = 1L;
    }

    /// {@return why a write failed, the first time that one did}
    Optional<IOException> failure() {
        return Optional.ofNullable(failure);
    }

    /// {@return whether a write failed because nobody reads any more}
    ///
    /// Java passes on the system's words alone, which may be in the user's language; but writing to a pipe fails
    /// for no other reason.
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
