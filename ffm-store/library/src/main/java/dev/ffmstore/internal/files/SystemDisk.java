package dev.ffmstore.internal.files;

import dev.ffmstore.internal.memory.LinuxRename;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Locale;
import java.util.Set;

/// The disk through `java.nio.file`, and through the kernel's own renames where they can be called.
final class SystemDisk implements Disk {
    /// The messages of systems that have folders, but cannot force them.
    private static final Set<String> CANNOT_BE_FORCED =
            Set.of("invalid argument", "operation not supported", "function not implemented", "is a directory");

    @Override
    public void createFolder(Path folder) throws IOException {
        if (hasPermissions(folder)) {
            Files.createDirectory(
                    folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        } else {
            Files.createDirectory(folder);
        }
    }

    @Override
    public void move(Path from, Path to) throws IOException {
        Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    }

    @Override
    public LinuxRename.Result moveNew(Path from, Path to) {
        return LinuxRename.moveNew(from, to);
    }

    @Override
    public boolean exchange(Path one, Path other) {
        return LinuxRename.exchange(one, other) == LinuxRename.Result.DONE;
    }

    @Override
    public boolean link(Path name, Path file) throws IOException {
        try {
            Files.createLink(name, file);
            return true;
        } catch (FileAlreadyExistsException e) {
            throw e;
        } catch (UnsupportedOperationException | FileSystemException e) {
            return false;
        }
    }

    @Override
    public void delete(Path path) throws IOException {
        Files.delete(path);
    }

    @Override
    public void copyPermissions(Path from, Path to) throws IOException {
        if (hasPermissions(from)) {
            Files.setPosixFilePermissions(to, Files.getPosixFilePermissions(from, LinkOption.NOFOLLOW_LINKS));
        }
    }

    private static boolean hasPermissions(Path path) {
        return path.getFileSystem().supportedFileAttributeViews().contains("posix");
    }

    @Override
    public void force(Path path) throws IOException {
        try {
            Interrupts.later(() -> {
                try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
                    channel.force(true);
                }
            });
        } catch (IOException e) {
            if (!cannotBeForced(e)) {
                throw e;
            }
        }
    }

    /// {@return whether a failure to force a folder means that folders cannot be opened or forced here at all; any
    /// other failure is one of the disk}
    static boolean cannotBeForced(IOException failure) {
        return failure instanceof AccessDeniedException
                || CANNOT_BE_FORCED.contains(Reason.of(failure).toLowerCase(Locale.ROOT));
    }
}
