package dev.ffmstore.cli;

import dev.ffmstore.internal.files.Existing;
import dev.ffmstore.internal.files.Interrupts;
import dev.ffmstore.internal.files.Transaction;
import java.io.IOException;
import java.io.Writer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// A file that a command writes. It grows under another name, and gets its own name when it is complete.
final class NewFile {
    /// Writes the content of the file.
    @FunctionalInterface
    interface Body {
        void write(Writer out) throws IOException;
    }

    private final Path path;
    private final Existing existing;

    private NewFile(Path path, Existing existing) {
        this.path = path;
        this.existing = existing;
    }

    /// {@return a new file at a path}
    ///
    /// @throws IOException if the file exists and is to be kept, or is a folder
    static NewFile at(Path path, Existing existing) throws IOException {
        NewFile file = new NewFile(path, existing);
        file.requireFree();
        return file;
    }

    private void requireFree() throws IOException {
        if (Files.isDirectory(path)) {
            throw new FileSystemException(path.toString(), null, "is a directory");
        }
        if (existing == Existing.KEEP && Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            throw new FileSystemException(path.toString(), null, "is there already: --force replaces it");
        }
    }

    /// Writes the whole file, in UTF-8, or nothing.
    void write(Body body) throws IOException {
        requireFree();
        Interrupts.inOneForm(Transaction.interrupted(path.toString()), () -> {
            try (Transaction transaction = Transaction.begin(path, Transaction.Kind.FILE, existing)) {
                try (FileChannel channel = FileChannel.open(
                                transaction.output(), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
                        Writer out = Channels.newWriter(channel, StandardCharsets.UTF_8)) {
                    body.write(out);
                    out.flush();
                    channel.force(true);
                }
                transaction.commit();
            }
            return path;
        });
    }
}
