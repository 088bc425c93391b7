package dev.ffmstore.internal.files;

import dev.ffmstore.internal.text.Problem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/// The folder beside a target that belongs to whoever has locked the lock in it.
///
/// Whoever finds the folder and can lock its lock knows that nobody works there any more.
final class Workspace implements AutoCloseable {
    private static final String LOCK = "lock";

    /// Where the lock is in its file: after all that is written, since Windows would not let locked bytes be
    /// written.
    private static final long LOCKED_BYTE = 1L << 30;

    private static final long MOST_LOCK_BYTES = 1L << 20;

    private static final int ATTEMPTS = 1000;

    /// The folders that this process holds. A second claim of a folder must not even open the lock: closing any
    /// channel of a file gives up all locks that the process has on it.
    private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

    private final Disk disk;
    private final Path folder;
    private final Path held;
    private final FileChannel lock;

    private Workspace(Disk disk, Path folder, Path held, FileChannel lock) {
        this.disk = disk;
        this.folder = folder;
        this.held = held;
        this.lock = lock;
    }

    /// Takes the folder beside a target.
    ///
    /// @param shown the target's name in messages
    /// @return the folder; the caller closes it
    /// @throws TargetBusyException if somebody else has it
    static Workspace lock(Path target, String shown, Disk disk) throws IOException {
        Path folder = HiddenName.partial(target);
        Path held = held(folder);
        if (!HELD.add(held)) {
            throw new TargetBusyException(shown);
        }
        Workspace workspace = null;
        try {
            FileChannel lock = lock(folder, disk);
            if (lock == null) {
                throw new TargetBusyException(shown);
            }
            workspace = new Workspace(disk, folder, held, lock);
            return workspace;
        } finally {
            if (workspace == null) {
                HELD.remove(held);
            }
        }
    }

    /// {@return the real path of the folder, whatever links lead to it}
    private static Path held(Path folder) {
        try {
            return parent(folder).toRealPath().resolve(folder.getFileName());
        } catch (IOException e) {
            return folder; // it cannot be written then, which fails soon
        }
    }

    /// {@return the folder that holds the last name of a path}
    static Path parent(Path path) {
        Path parent = path.getParent();
        return parent == null ? path : parent;
    }

    /// Makes the folder and the lock in it, and returns the locked channel; `null` if the lock is taken.
    ///
    /// Whoever is done removes both. So between opening the file and locking it, the file may have gone, or
    /// somebody else may have made it anew, and a lock on it would be worth nothing. This shows in the size of the
    /// file, which is set to a random number: the file of that name has the same size only if it is the same file.
    /// Reading it instead would not do, since closing any channel of a file gives up the process's locks on it.
    private static @Nullable FileChannel lock(Path folder, Disk disk) throws IOException {
        Path path = folder.resolve(LOCK);
        boolean interrupted = false;
        try {
            for (int i = 0; i < ATTEMPTS; i++) {
                interrupted |= Thread.interrupted(); // or the channel would be closed
                createFolder(folder, disk);
                FileChannel channel;
                try {
                    channel = FileChannel.open(
                            path, StandardOpenOption.CREATE, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
                } catch (NoSuchFileException e) {
                    continue; // the folder has just gone
                }
                boolean held = false;
                try {
                    if (!tryLock(channel)) {
                        return null;
                    }
                    long size = ThreadLocalRandom.current().nextLong(1, MOST_LOCK_BYTES);
                    channel.truncate(0);
                    channel.write(ByteBuffer.allocate(1), size - 1);
                    held = Files.size(path) == size;
                } catch (NoSuchFileException | ClosedByInterruptException e) {
                    continue; // the file has just gone, or there is no lock any more
                } catch (IOException e) {
                    deleteUnused(path, folder);
                    throw e;
                } finally {
                    if (!held) {
                        channel.close();
                    }
                }
                if (held) {
                    return channel;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
        throw new IOException("others keep coming and going there");
    }

    /// Deletes a lock that was taken but could not be given a size, and its folder if there is nothing else in it.
    private static void deleteUnused(Path lock, Path folder) {
        try {
            if (Files.size(lock) == 0) {
                Files.delete(lock);
                Files.delete(folder);
            }
        } catch (IOException e) {
            // what is left does not hinder the next export
        }
    }

    private static void createFolder(Path folder, Disk disk) throws IOException {
        try {
            disk.createFolder(folder);
        } catch (FileAlreadyExistsException e) {
            if (isInTheWay(folder)) {
                throw new IOException(Problem.fill("{} is in the way", folder), e);
            }
        }
    }

    /// {@return whether there is something else than a folder; what has just been removed is not in the way}
    private static boolean isInTheWay(Path path) throws IOException {
        try {
            return !Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                    .isDirectory();
        } catch (NoSuchFileException _) {
            return false;
        }
    }

    private static boolean tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock(LOCKED_BYTE, 1, false) != null;
        } catch (OverlappingFileLockException e) {
            return false; // this process has it
        }
    }

    /// {@return the folder}
    Path folder() {
        return folder;
    }

    /// Removes the lock, and the folder unless something is left in it, and so lets others in.
    @Override
    public void close() throws IOException {
        try (lock) {
            disk.delete(folder.resolve(LOCK));
        } catch (NoSuchFileException _) {
            return; // somebody has cleared it all
        } finally {
            HELD.remove(held);
        }
        try {
            disk.delete(folder);
        } catch (DirectoryNotEmptyException | NoSuchFileException _) {
            return; // another export has begun, or there is something left for the next
        }
    }
}
