package dev.ffmstore.internal.files;

import dev.ffmstore.internal.text.Problem;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// A file or a folder, and files that go with it, which come into being together when all of them are complete.
///
/// ```java
/// try (Transaction transaction = Transaction.begin(target, Transaction.Kind.FILE, Existing.REPLACE)) {
///     write(transaction.output());                 // complete, and forced to the disk
///     write(transaction.beside("config.json"));
///     transaction.commit();                        // the target's name comes last
/// }
/// ```
///
/// Each file grows under another name in the folder of its target. No target is touched until [#commit]. If that
/// fails, all targets are what they were; if the process dies in it, each target is either what it was or complete,
/// and the main one is new only if the others are. [#close] removes what did not get its name.
///
/// A target that is a link to a file or folder stays a link, and what it leads to is replaced. The new file or
/// folder gets the permissions of the old one, and so do the files of a folder those of old files with the same
/// names.
///
/// For one thread.
public final class Transaction implements AutoCloseable {
    /// The kind of the main target.
    public enum Kind {
        /// A file.
        FILE,
        /// A folder.
        FOLDER
    }

    private static final Set<String> NO_NAMES = Set.of("", ".", "..");
    private static final int MOST_LINKS = 40;

    private final Disk disk;
    private final Path given;
    private final Kind kind;
    private final Existing existing;
    private final PartialTarget main;
    private final List<PartialTarget> beside = new ArrayList<>();

    private Transaction(Disk disk, Path given, Kind kind, Existing existing, PartialTarget main) {
        this.disk = disk;
        this.given = given;
        this.kind = kind;
        this.existing = existing;
        this.main = main;
    }

    /// Begins to write a target, and clears what a killed transaction left beside it.
    ///
    /// @param target the target; its folder must exist
    /// @param kind what the target will be
    /// @param existing what happens to the target, and to the files beside it, if they exist already
    /// @return the transaction; the caller closes it
    /// @throws TargetBusyException if another transaction has the target
    /// @throws IOException if the target exists and is to be kept, or is of another kind, or cannot be written
    public static Transaction begin(Path target, Kind kind, Existing existing) throws IOException {
        return begin(target, kind, existing, new SystemDisk());
    }

    static Transaction begin(Path target, Kind kind, Existing existing, Disk disk) throws IOException {
        return new Transaction(disk, target, kind, existing, claim(target, kind, existing, disk));
    }

    private static PartialTarget claim(Path given, Kind kind, Existing existing, Disk disk) throws IOException {
        Path target = named(given);
        requireReplaceable(target, given.toString(), kind, existing);
        PartialTarget partial = PartialTarget.claim(followed(target, given), given.toString(), disk);
        boolean free = false;
        try {
            requireReplaceable(target, given.toString(), kind, existing); // what was moved away may have come back
            free = true;
            return partial;
        } finally {
            if (!free) {
                partial.close();
            }
        }
    }

    /// {@return the absolute path of a target}
    static Path named(Path target) throws IOException {
        Path absolute = target.toAbsolutePath();
        if (!isNamed(absolute)) {
            throw new FileSystemException(target.toString(), null, "is not the name of a file");
        }
        return absolute;
    }

    private static boolean isNamed(Path path) {
        Path name = path.getFileName();
        return name != null && !NO_NAMES.contains(name.toString());
    }

    /// {@return the path that a target's links lead to, whether it exists or not}
    static Path followed(Path target, Path given) throws IOException {
        Path end = target;
        for (int i = 0; Files.isSymbolicLink(end); i++) {
            if (i == MOST_LINKS) {
                throw new FileSystemException(given.toString(), null, "is a link to links without end");
            }
            end = Workspace.parent(end).resolve(Files.readSymbolicLink(end));
        }
        return isNamed(end) ? end : named(end.toRealPath());
    }

    private static void requireReplaceable(Path target, String shown, Kind kind, Existing existing) throws IOException {
        if (!Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        if (existing == Existing.KEEP) {
            throw new FileSystemException(shown, null, "is there already");
        }
        boolean isFolder = Files.isDirectory(target);
        if (!isFolder && !Files.isRegularFile(target) && Files.exists(target)) {
            throw new FileSystemException(shown, null, "is neither a file nor a folder");
        }
        if (isFolder && kind == Kind.FILE) {
            throw new FileSystemException(shown, null, "is a folder: expected a file to replace");
        }
        if (Files.isRegularFile(target) && kind == Kind.FOLDER) {
            throw new FileSystemException(shown, null, "is not a folder: expected one to replace");
        }
    }

    /// {@return the target, after following its links}
    public Path target() {
        return main.target();
    }

    /// {@return where the main target is to be written: a file or a folder, which does not exist yet}
    public Path output() {
        return main.output();
    }

    /// Adds a file that goes with the main target, in the folder of the path that [#begin] was given.
    ///
    /// @param name the name of the file
    /// @return where the file is to be written; it does not exist yet
    /// @throws IOException as [#begin] does
    public Path beside(String name) throws IOException {
        PartialTarget partial = claim(given.resolveSibling(name), Kind.FILE, existing, disk);
        beside.add(partial);
        return partial.output();
    }

    /// Gives everything that was written its name, the main target last.
    ///
    /// @throws java.io.InterruptedIOException if the thread is interrupted; nothing has changed
    /// @throws IOException if that fails; all targets are what they were, unless the message says that the target
    /// is complete
    public void commit() throws IOException {
        Interrupts.check(interrupted(main.shown()));
        for (PartialTarget partial : beside) {
            prepare(partial, Kind.FILE);
        }
        prepare(main, kind);
        List<PartialTarget> begun = new ArrayList<>();
        try {
            for (PartialTarget partial : beside) {
                begun.addFirst(partial);
                partial.install(existing);
                partial.forceName();
            }
            main.install(existing);
        } catch (IOException e) {
            undo(begun, e);
            throw e;
        }
        main.forceName();
        deleteLedger();
    }

    /// {@return the message for an interrupt of the thread that writes a target}
    ///
    /// @param shown the target's name in messages
    public static String interrupted(String shown) {
        return Problem.of(shown, "export interrupted").toString();
    }

    private void prepare(PartialTarget partial, Kind its) throws IOException {
        requireReplaceable(partial.target(), partial.shown(), its, existing);
        partial.prepare();
    }

    private static void undo(List<PartialTarget> begun, IOException failure) {
        for (PartialTarget partial : begun) {
            try {
                partial.undo();
            } catch (IOException e) {
                failure.addSuppressed(e);
            }
        }
    }

    /// Deletes the ledger of a target that was written in parts and is replaced by a whole one.
    private void deleteLedger() throws IOException {
        Path ledger = HiddenName.parts(main.target());
        if (Files.exists(ledger, LinkOption.NOFOLLOW_LINKS)) {
            disk.delete(ledger);
        }
    }

    /// Removes what did not get its name, and lets others write the targets.
    @Override
    public void close() throws IOException {
        List<PartialTarget> all = new ArrayList<>(beside);
        all.add(main);
        Closing.all(all);
    }
}
