package dev.ffmstore.internal.files;

import dev.ffmstore.internal.text.Problem;
import java.io.Closeable;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// A byte range of a target that is written in place, while others may write other ranges of the target.
///
/// ```text
/// FOLDER/NAME                      the target, of its whole size from the first part on
/// FOLDER/.NAME.ffm-store-parts     there until every part is written: what the target will hold, which parts are
///                                  written (see PartLedger), and the locks of those that are being written
/// ```
///
/// The lock of a range is on the ledger, not on the target: whoever in this process reads the target and closes it
/// would give up all locks that the process has there. For the same reason all parts that a process writes share
/// one open ledger. The ledger is read and written by whoever has the target's [Workspace], which everyone takes
/// for a moment only.
public final class PartTarget implements Closeable {
    /// The start of the locks, after all that is ever written to a ledger: Windows does not let locked bytes be
    /// read.
    private static final long FIRST_LOCKED_BYTE = 1L << 30;

    private static final int ATTEMPTS = 1000;
    private static final long PAUSE_MILLIS = 20;

    /// A ledger that this process has open, once for all parts.
    private static final class Open {
        final RandomAccessFile file;
        final @Nullable Object key;
        int users;

        Open(RandomAccessFile file, @Nullable Object key) {
            this.file = file;
            this.key = key;
        }
    }

    /// The ledgers that this process has open, by real path; to be synchronised on.
    private static final Map<Path, Open> OPEN = new HashMap<>();

    /// The use of an open ledger, and the lock of a range on it, unless the range is empty.
    private record Held(Path ledger, Open open, @Nullable FileLock lock) implements Closeable {
        @Override
        public void close() throws IOException {
            synchronized (OPEN) {
                try {
                    if (lock != null && lock.isValid()) {
                        lock.release();
                    }
                } finally {
                    open.users--;
                    if (open.users == 0) {
                        OPEN.remove(ledger, open);
                        open.file.close();
                    }
                }
            }
        }
    }

    private final Path target;
    private final String shown;
    private final PartContents contents;
    private final long from;
    private final long to;
    private final Path ledger;
    private final Held held;
    private final FileChannel channel;
    private final @Nullable Object key;

    private PartTarget(PartialTarget alone, PartContents contents, long from, long to, Held held, FileChannel channel)
            throws IOException {
        this.target = alone.target();
        this.shown = alone.shown();
        this.contents = contents;
        this.from = from;
        this.to = to;
        this.ledger = HiddenName.parts(target);
        this.held = held;
        this.channel = channel;
        this.key = key(target);
    }

    /// Takes a byte range of a target. The target is made in its whole size if it does not exist.
    ///
    /// @param given the target; its folder must exist
    /// @param contents what the whole target will hold
    /// @param from where the range starts, in bytes
    /// @param to where the range ends, in bytes
    /// @param part the name of the range in messages
    /// @return the range; the caller closes it
    /// @throws TargetBusyException if the whole target is being written
    /// @throws IOException if the range is being written, if the target exists and is not of these contents, or if
    /// it cannot be written
    public static PartTarget claim(Path given, PartContents contents, long from, long to, String part)
            throws IOException {
        String shown = given.toString();
        Path target = Transaction.followed(Transaction.named(given), given);
        if (Files.exists(target) && !Files.isRegularFile(target)) {
            throw new FileSystemException(shown, null, "is not a regular file");
        }
        try (PartialTarget alone = alone(target, shown)) {
            return claim(alone, contents, from, to, part);
        } catch (FileSystemException e) {
            throw shown.equals(e.getFile()) ? e : Reason.cannotBeWritten(shown, e);
        } catch (InterruptedIOException e) {
            throw e;
        } catch (IOException e) {
            throw Reason.cannotBeWritten(shown, e);
        }
    }

    /// Takes the place beside the target, which others that write parts need for a moment only.
    private static PartialTarget alone(Path target, String shown) throws IOException {
        for (int i = 0; ; i++) {
            try {
                return PartialTarget.claim(target, shown, new SystemDisk());
            } catch (TargetBusyException e) {
                boolean isWhole = Files.exists(HiddenName.partial(target).resolve("output"), LinkOption.NOFOLLOW_LINKS);
                if (isWhole || i == ATTEMPTS) {
                    throw e;
                }
            }
            try {
                Thread.sleep(PAUSE_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new InterruptedIOException(Transaction.interrupted(shown));
            }
        }
    }

    private static PartTarget claim(PartialTarget alone, PartContents contents, long from, long to, String part)
            throws IOException {
        Path target = alone.target();
        String shown = alone.shown();
        Path path = HiddenName.parts(target);
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            requireEmpty(target, shown, contents);
            createLedger(alone, path, contents);
        }
        Held held = hold(path, contents, shown, from, to, part);
        FileChannel channel = null;
        PartTarget claimed = null;
        try {
            channel = openTarget(target, shown, contents, PartLedger.read(held.open.file, path, shown, contents), path);
            claimed = new PartTarget(alone, contents, from, to, held, channel);
            return claimed;
        } finally {
            if (claimed == null) {
                Closing.all(channel == null ? List.of(held) : List.of(channel, held));
            }
        }
    }

    /// Opens a ledger, or shares what this process has open, and locks a range on it.
    private static Held hold(Path path, PartContents contents, String shown, long from, long to, String part)
            throws IOException {
        Path real = Workspace.parent(path).toRealPath().resolve(path.getFileName());
        Open open = open(real);
        Held held = new Held(real, open, null);
        boolean locked = false;
        try {
            PartLedger.read(open.file, path, shown, contents); // or the range means nothing
            FileLock lock = from < to ? lock(open, from, to) : null;
            if (from < to && lock == null) {
                throw new FileSystemException(
                        shown, null, Problem.fill("part {} is being written by another process", part));
            }
            locked = true;
            return new Held(real, open, lock);
        } finally {
            if (!locked) {
                held.close();
            }
        }
    }

    private static void requireEmpty(Path target, String shown, PartContents contents) throws IOException {
        if (Files.exists(target) && Files.size(target) > 0) {
            throw new FileSystemException(
                    shown,
                    null,
                    Problem.fill(
                            "is there already, and not as one that is being written in parts: expected none, or an"
                                    + " empty file, got {} bytes of {}",
                            Files.size(target),
                            contents.size()));
        }
    }

    /// Makes the ledger, which is either complete or does not exist.
    private static void createLedger(PartialTarget alone, Path path, PartContents contents) throws IOException {
        Path grown = alone.scratch();
        try (FileChannel channel = FileChannel.open(grown, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(PartLedger.text(contents).getBytes(StandardCharsets.ISO_8859_1)));
            channel.force(true);
        }
        Disk disk = new SystemDisk();
        disk.move(grown, path);
        disk.force(Workspace.parent(path));
    }

    private static FileChannel openTarget(
            Path target, String shown, PartContents contents, PartLedger ledger, Path path) throws IOException {
        boolean isThere = Files.exists(target) && Files.size(target) > 0;
        if (!isThere && ledger.isBegun()) {
            throw new FileSystemException(
                    shown,
                    null,
                    Problem.fill("is gone, and parts of it had been written: remove {} and write them again", path));
        }
        FileChannel channel = FileChannel.open(target, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        boolean opened = false;
        try {
            long size = channel.size();
            if (size != 0 && size != contents.size()) {
                throw new FileSystemException(
                        shown,
                        null,
                        "is not a file of this export: expected " + contents.size() + " bytes, or none, got " + size);
            }
            if (size < contents.size()) {
                channel.write(ByteBuffer.allocate(1), contents.size() - 1);
            }
            if (!isThere) {
                channel.force(true);
                new SystemDisk().force(Workspace.parent(target));
            }
            opened = true;
            return channel;
        } finally {
            if (!opened) {
                channel.close();
            }
        }
    }

    private static Open open(Path real) throws IOException {
        synchronized (OPEN) {
            Open open = OPEN.get(real);
            if (open == null || !Objects.equals(open.key, key(real))) {
                if (!Files.isRegularFile(real, LinkOption.NOFOLLOW_LINKS)) {
                    throw new IOException(Problem.fill("{} is in the way", real));
                }
                open = new Open(new RandomAccessFile(real.toFile(), "rw"), key(real));
                OPEN.put(real, open);
            }
            open.users++;
            return open;
        }
    }

    private static @Nullable Object key(Path path) throws IOException {
        return Files.readAttributes(path, BasicFileAttributes.class).fileKey();
    }

    private static @Nullable FileLock lock(Open open, long from, long to) throws IOException {
        try {
            long start = Math.addExact(FIRST_LOCKED_BYTE, from);
            return open.file.getChannel().tryLock(start, to - from, false);
        } catch (OverlappingFileLockException e) {
            return null; // this process has it
        }
    }

    /// {@return the target, open for writing; whoever has written and forced the range may close it}
    public FileChannel channel() {
        return channel;
    }

    /// Notes that the range is written and forced to the disk. Once every range is, the target is complete, and the
    /// ledger is deleted.
    ///
    /// @throws IOException if the target is no longer the file that was written to, or the ledger cannot be written
    public void complete() throws IOException {
        try (PartialTarget _ = alone(target, shown)) {
            if (!Files.exists(target) || !Objects.equals(key, key(target))) {
                throw new FileSystemException(shown, null, "has been replaced while a part of it was being written");
            }
            if (!Files.exists(ledger, LinkOption.NOFOLLOW_LINKS)) {
                return; // it was complete before this part was written once more
            }
            if (!Objects.equals(held.open.key, key(ledger))) {
                throw new FileSystemException(shown, null, "has been begun anew while a part of it was being written");
            }
            PartLedger written = PartLedger.read(held.open.file, ledger, shown, contents);
            written.append(from, to);
            if (written.isComplete(contents.size())) {
                Disk disk = new SystemDisk();
                disk.delete(ledger);
                disk.force(Workspace.parent(ledger));
            }
        } catch (FileSystemException e) {
            throw shown.equals(e.getFile()) ? e : Reason.cannotBeWritten(shown, e);
        }
    }

    /// Gives up the range, so that others can have it.
    @Override
    public void close() throws IOException {
        Closing.all(List.of(channel, held));
    }
}
