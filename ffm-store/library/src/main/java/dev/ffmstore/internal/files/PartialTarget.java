package dev.ffmstore.internal.files;

import dev.ffmstore.internal.memory.LinuxRename;
import dev.ffmstore.internal.text.Problem;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/// One target of a [Transaction], which grows under another name beside its own.
///
/// ```text
/// FOLDER/NAME                          the target: a file or a folder
/// FOLDER/.NAME.ffm-store-partial/      there while an export goes on, or after one was killed
///     lock                             locked while an export goes on
///     output                           what will be the target
///     replaced                         what was the target, whole, until the new one is in its place
///     discarded                        what is being deleted, and no longer whole
///     scratch                          the ledger of a target of parts (see PartTarget), until it is whole
/// ```
///
/// What exists shows at which point a process died. Nothing is deleted under the name `replaced`, so whatever has
/// this name is whole:
///
/// | output | replaced | target | the export ended | the next one |
/// |---|---|---|---|---|
/// | – | – | any | before it wrote, or when it was done | has nothing to do |
/// | there | – | any | while it wrote; or at the end: output is the new or old target | deletes the output |
/// | there | there | – | after the target was moved away, before it was replaced | moves it back, deletes output |
/// | there | there | the file `replaced` | after the target was linked, before it was replaced | deletes both |
/// | there | there | another | as above, and somebody has put something there | is refused, deletes nothing |
/// | – | there | there | after the new target was there | deletes what was replaced |
/// | – | there | – | as above, and somebody has taken the new target away | moves it back |
final class PartialTarget implements Closeable {
    /// How far the output has been given the target's name.
    private enum Installed {
        NOT,
        WHERE_NOTHING_WAS,
        BY_EXCHANGE,
        OVER_A_LINKED_ONE,
        FOR_GOOD
    }

    private final Disk disk;
    private final Path target;
    private final String shown;
    private final Workspace workspace;
    private final Path output;
    private final Path replaced;
    private final Path discarded;
    private final Path scratch;
    private Installed installed = Installed.NOT;

    private PartialTarget(Disk disk, Path target, String shown, Workspace workspace) {
        this.disk = disk;
        this.target = target;
        this.shown = shown;
        this.workspace = workspace;
        this.output = workspace.folder().resolve("output");
        this.replaced = workspace.folder().resolve("replaced");
        this.discarded = workspace.folder().resolve("discarded");
        this.scratch = workspace.folder().resolve("scratch");
    }

    /// Takes the place beside a target, and clears what a killed export left there.
    ///
    /// @param target the absolute path of the target, which is no link
    /// @param shown the target's name in messages
    /// @return the place; the caller closes it
    /// @throws TargetBusyException if another export to the same target is in progress
    /// @throws IOException if nothing can be written there
    static PartialTarget claim(Path target, String shown, Disk disk) throws IOException {
        try {
            requireName(target, shown);
            Workspace workspace = Workspace.lock(target, shown, disk);
            PartialTarget partial = new PartialTarget(disk, target, shown, workspace);
            boolean cleared = false;
            try {
                partial.clearStale();
                cleared = true;
                return partial;
            } finally {
                if (!cleared) {
                    workspace.close();
                }
            }
        } catch (IOException e) {
            throw named(shown, e);
        }
    }

    /// Makes sure at the start, not at the end, that the file system accepts the name, which may above all be too
    /// long.
    private static void requireName(Path target, String shown) throws IOException {
        try {
            Files.readAttributes(target, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        } catch (NoSuchFileException _) {
            return; // the name can be used
        } catch (IOException e) {
            throw Reason.cannotBeWritten(shown, e);
        }
    }

    private static IOException named(String shown, IOException failure) {
        return failure instanceof FileSystemException named && shown.equals(named.getFile())
                ? named
                : Reason.cannotBeWritten(shown, failure);
    }

    private FileSystemException refused(String reason, Object... values) {
        return new FileSystemException(shown, null, Problem.fill(reason, values));
    }

    private void clearStale() throws IOException {
        deleteAll(discarded);
        deleteAll(scratch);
        if (isThere(replaced)) {
            if (!isThere(target)) {
                disk.move(replaced, target);
                disk.force(Workspace.parent(target));
            } else if (isThere(output) && !Files.isSameFile(replaced, target)) {
                throw refused("is not what an export once moved to {}: expected only one of them", replaced);
            } else {
                discardReplaced();
            }
        }
        deleteAll(output);
    }

    /// {@return the target}
    Path target() {
        return target;
    }

    /// {@return the target's name in messages}
    String shown() {
        return shown;
    }

    /// {@return where the output is to be written: a file or a folder, which does not exist yet}
    Path output() {
        return output;
    }

    /// {@return where something else can be written for a while; does not exist yet}
    Path scratch() {
        return scratch;
    }

    /// Does all that can be done before the output has the target's name: gives it the permissions of what it
    /// replaces, and forces it to the disk, except for the bytes of its files, which their writers have forced.
    void prepare() throws IOException {
        try {
            for (Path path : all(output)) {
                boolean isFolder = Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS);
                boolean kept = keepPermissions(path, target.resolve(output.relativize(path)), isFolder);
                if (isFolder || kept) {
                    disk.force(path);
                }
            }
            disk.force(workspace.folder());
        } catch (IOException e) {
            throw named(shown, e);
        }
    }

    private boolean keepPermissions(Path path, Path old, boolean isFolder) throws IOException {
        boolean sameKind = isFolder
                ? Files.isDirectory(old, LinkOption.NOFOLLOW_LINKS)
                : Files.isRegularFile(old, LinkOption.NOFOLLOW_LINKS);
        if (sameKind) {
            disk.copyPermissions(old, path);
        }
        return sameKind;
    }

    /// Gives the output the target's name.
    ///
    /// @throws IOException if that fails; the target is then what it was
    void install(Existing existing) throws IOException {
        try {
            if (existing == Existing.KEEP || !isThere(target)) {
                installWhereNothingIs();
            } else if (disk.exchange(output, target)) {
                installed = Installed.BY_EXCHANGE;
            } else if (Files.isDirectory(target, LinkOption.NOFOLLOW_LINKS)) {
                replaceFolder();
            } else {
                replaceFile();
            }
        } catch (IOException e) {
            throw named(shown, e);
        }
    }

    /// Installs without replacing. Where the kernel has no rename that never replaces, a file gets a second name,
    /// which never replaces either, and loses its first name when this is closed. For a folder, all that is left is
    /// to look first.
    private void installWhereNothingIs() throws IOException {
        LinuxRename.Result moved = disk.moveNew(output, target);
        if (moved == LinuxRename.Result.DONE) {
            installed = Installed.WHERE_NOTHING_WAS;
            return;
        }
        try {
            if (moved == LinuxRename.Result.EXISTS || isThere(target)) {
                throw new FileAlreadyExistsException(shown);
            }
            if (Files.isDirectory(output) || !disk.link(target, output)) {
                disk.move(output, target);
            }
            installed = Installed.WHERE_NOTHING_WAS;
        } catch (FileAlreadyExistsException e) {
            FileSystemException refused = refused("is there already");
            refused.initCause(e);
            throw refused;
        }
    }

    private void replaceFile() throws IOException {
        boolean kept = disk.link(replaced, target);
        disk.move(output, target);
        installed = kept ? Installed.OVER_A_LINKED_ONE : Installed.FOR_GOOD;
    }

    private void replaceFolder() throws IOException {
        disk.move(target, replaced);
        try {
            disk.move(output, target);
            installed = Installed.FOR_GOOD;
        } catch (IOException e) {
            try {
                disk.move(replaced, target);
            } catch (IOException again) {
                e.addSuppressed(again); // `close` says where the old target is
            }
            throw e;
        }
    }

    /// Waits until the target's name is on the disk.
    void forceName() throws IOException {
        try {
            disk.force(Workspace.parent(target));
        } catch (IOException e) {
            FileSystemException named =
                    refused("is complete, but its name may not outlast a stop of the machine: {}", Reason.of(e));
            named.initCause(e);
            throw named;
        }
    }

    /// Makes the target what it was before [#install], if that still exists.
    void undo() throws IOException {
        switch (installed) {
            case WHERE_NOTHING_WAS -> disk.delete(target);
            case BY_EXCHANGE -> {
                if (!disk.exchange(output, target)) {
                    disk.move(output, target);
                }
            }
            case OVER_A_LINKED_ONE -> disk.move(replaced, target);
            case NOT, FOR_GOOD -> {
                return;
            }
        }
        installed = Installed.NOT;
    }

    /// Removes what is left beside the target, and gives up the place.
    @Override
    public void close() throws IOException {
        try (workspace) {
            if (isThere(replaced)) {
                if (installed == Installed.NOT && !isOneFile(replaced, target)) {
                    throw new IOException("what was replaced is in it");
                }
                discardReplaced();
            }
            deleteAll(output);
            deleteAll(scratch);
        } catch (IOException e) {
            FileSystemException named = refused(
                    "what was written of it cannot be removed, the next export does: {}: {}",
                    workspace.folder(),
                    Reason.of(e));
            named.initCause(e);
            throw named;
        }
    }

    private static boolean isOneFile(Path one, Path other) throws IOException {
        return isThere(other) && Files.isSameFile(one, other);
    }

    private void discardReplaced() throws IOException {
        deleteAll(discarded);
        disk.move(replaced, discarded);
        disk.force(workspace.folder());
        deleteAll(discarded);
    }

    private void deleteAll(Path path) throws IOException {
        for (Path one : all(path)) {
            disk.delete(one);
        }
    }

    /// {@return a path and everything below it, contents first; empty if it does not exist}
    private static List<Path> all(Path path) throws IOException {
        if (!isThere(path)) {
            return List.of();
        }
        try (Stream<Path> paths = Files.walk(path)) {
            return paths.sorted(Comparator.reverseOrder()).toList();
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private static boolean isThere(Path path) {
        return Files.exists(path, LinkOption.NOFOLLOW_LINKS);
    }
}
