package dev.ffmstore.internal.files;

import dev.ffmstore.internal.text.Printable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// A target that is not complete yet: it grows under another name beside its own, which it gets when it is.
///
/// ```text
/// FOLDER/NAME                          the target: a file or a folder
/// FOLDER/.NAME.ffm-store-partial/      there while an export goes on, or after one was killed
///     lock                             locked while an export goes on
///     output                           what will be the target
///     replaced                         the folder that was the target, from when the new one is complete
/// ```
///
/// Who finds the folder and can lock its lock knows that nobody works there any more, and starts anew.
public final class PartialTarget implements AutoCloseable {
    /// Where the lock is in its file: behind what is written, or Windows would not let that be.
    private static final long LOCKED_BYTE = 1L << 30;

    private static final long MOST_LOCK_BYTES = 1L << 20;

    private static final int ATTEMPTS = 1000;

    /// The places that this process holds. A second claim of one must not so much as open the lock: closing any
    /// channel of a file gives up all locks that the process has on it.
    private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

    private final Path target;
    private final Path folder;
    private final Path output;
    private final Path replaced;
    private final Path held;
    private final FileChannel lock;

    /// Whether the output has the target's name, so that the folder which had it before is no longer wanted.
    private boolean complete;

    private PartialTarget(Path target, Path folder, Path held, FileChannel lock) {
        this.target = target;
        this.folder = folder;
        this.output = folder.resolve("output");
        this.replaced = folder.resolve("replaced");
        this.held = held;
        this.lock = lock;
    }

    /// Takes the place beside a target, and clears what a killed export left there.
    ///
    /// @param target the target, of an absolute path
    /// @return the place; the caller closes it
    /// @throws IOException if another export to the same target goes on, or nothing can be written there
    public static PartialTarget claim(Path target) throws IOException {
        Path folder = target.resolveSibling("." + target.getFileName() + ".ffm-store-partial");
        Path held = held(folder);
        if (!HELD.add(held)) {
            throw busy(target);
        }
        PartialTarget partial = null;
        try {
            FileChannel lock = lock(folder);
            if (lock == null) {
                throw busy(target);
            }
            try {
                PartialTarget claimed = new PartialTarget(target, folder, held, lock);
                claimed.clearStale();
                partial = claimed;
            } finally {
                if (partial == null) {
                    lock.close();
                }
            }
        } catch (IOException e) {
            throw e instanceof FileSystemException named && target.toString().equals(named.getFile())
                    ? named
                    : Reason.cannotBeWritten(target.toString(), e);
        } finally {
            if (partial == null) {
                HELD.remove(held);
            }
        }
        return partial;
    }

    private static FileSystemException busy(Path target) {
        return new FileSystemException(target.toString(), null, "is being written by another export");
    }

    /// {@return the place under the one name that it has whatever links lead there}
    private static Path held(Path folder) {
        try {
            return parent(folder).toRealPath().resolve(folder.getFileName());
        } catch (IOException e) {
            return folder; // it cannot be written then, which is said soon
        }
    }

    /// Makes the folder and the lock in it; `null` if that is locked.
    ///
    /// Whoever is done removes both. Between opening the file and locking it, it may so have gone, or have been
    /// made anew by a third, and a lock on it would be worth nothing. What tells is its size, which is made a
    /// random one: the file of that name has the same size only if it is the same. To read it would not do, since
    /// closing any
    /// channel of a file gives up the process's locks on it.
    private static @Nullable FileChannel lock(Path folder) throws IOException {
        Path path = folder.resolve("lock");
        for (int i = 0; i < ATTEMPTS; i++) {
            createFolder(folder);
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
            } catch (NoSuchFileException e) {
                continue; // the file has just gone
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
        throw new IOException("others keep coming and going there");
    }

    /// Deletes a lock that was got but could not be given a size, and its folder if there is nothing else in it.
    private static void deleteUnused(Path lock, Path folder) {
        try {
            if (Files.size(lock) == 0) {
                Files.delete(lock);
                Files.delete(folder);
            }
        } catch (IOException e) {
            // what is left there does not hinder the next
        }
    }

    private static void createFolder(Path folder) throws IOException {
        try {
            Files.createDirectory(folder);
        } catch (FileAlreadyExistsException e) {
            if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
                throw new IOException(Printable.escape(folder.toString()) + " is in the way", e);
            }
        }
    }

    private static boolean tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock(LOCKED_BYTE, 1, false) != null;
        } catch (OverlappingFileLockException e) {
            return false; // this process has it
        }
    }

    /// A folder that was moved out of the way by an export that was killed before the new one was in its place goes
    /// back.
    ///
    /// If the output is still there, what now has the target's name is not that output, and the folder is kept.
    private void clearStale() throws IOException {
        boolean outputHasNotMoved = Files.exists(output, LinkOption.NOFOLLOW_LINKS);
        if (Files.exists(replaced, LinkOption.NOFOLLOW_LINKS)) {
            if (!Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
                Files.move(replaced, target, StandardCopyOption.ATOMIC_MOVE);
            } else if (outputHasNotMoved) {
                throw new FileSystemException(
                        target.toString(),
                        null,
                        "is not what an export once moved to " + Printable.escape(replaced.toString())
                                + ": expected only one of them");
            } else {
                delete(replaced);
            }
        }
        delete(output);
    }

    /// {@return where the output is to be written: a file or a folder, not there yet}
    public Path output() {
        return output;
    }

    /// Gives the output the target's name, in place of a file or folder of that name.
    ///
    /// @throws IOException if that fails; the target is then what it was
    public void complete() throws IOException {
        try {
            force(output);
            if (Files.isDirectory(output) && Files.isDirectory(target, LinkOption.NOFOLLOW_LINKS)) {
                replaceFolder();
            } else {
                Files.move(output, target, StandardCopyOption.ATOMIC_MOVE);
            }
            complete = true;
        } catch (IOException e) {
            throw Reason.cannotBeWritten(target.toString(), e);
        }
        forceFolder(folder);
        forceFolder(parent(target));
    }

    private void replaceFolder() throws IOException {
        Files.move(target, replaced, StandardCopyOption.ATOMIC_MOVE);
        try {
            Files.move(output, target, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            try {
                Files.move(replaced, target, StandardCopyOption.ATOMIC_MOVE);
            } catch (IOException again) {
                e.addSuppressed(again); // `close` says where it is
            }
            throw e;
        }
    }

    private static Path parent(Path path) {
        Path parent = path.getParent();
        return parent == null ? path : parent;
    }

    /// Forces the names in a folder and below to the disk; the files in it are.
    private static void force(Path output) throws IOException {
        if (!Files.isDirectory(output)) {
            return;
        }
        try (Stream<Path> paths = Files.walk(output)) {
            paths.filter(Files::isDirectory).forEach(PartialTarget::forceFolder);
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    /// Not every system has folders that can be forced, or opened. What matters, the bytes of the files, has been.
    private static void forceFolder(Path folder) {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (IOException _) {
            return;
        }
    }

    /// Removes what is there beside the target, and gives up the lock.
    @Override
    public void close() throws IOException {
        try (lock) {
            if (complete) {
                delete(replaced);
            } else if (Files.exists(replaced, LinkOption.NOFOLLOW_LINKS)) {
                throw new IOException("the folder that was replaced is in it");
            }
            delete(output);
            Files.deleteIfExists(folder.resolve("lock"));
        } catch (IOException e) {
            throw new FileSystemException(
                    target.toString(),
                    null,
                    "what was written of it cannot be removed, the next export does: "
                            + Printable.escape(folder.toString()) + ": " + Reason.of(e));
        } finally {
            HELD.remove(held);
        }
        try {
            Files.deleteIfExists(folder);
        } catch (DirectoryNotEmptyException _) {
            return; // another export has begun
        }
    }

    private static void delete(Path path) throws IOException {
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        List<Path> all;
        try (Stream<Path> paths = Files.walk(path)) {
            all = paths.sorted(Comparator.reverseOrder()).toList();
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        for (Path one : all) {
            Files.delete(one);
        }
    }
}
