package dev.ffmstore.internal.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ffmstore.internal.files.FaultyDisk.Machine;
import dev.ffmstore.internal.files.Transaction.Kind;
import dev.ffmstore.internal.memory.LinuxRename;
import java.io.Closeable;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TransactionTest {
    @TempDir
    Path folder;

    @Test
    @EnabledOnOs(OS.LINUX)
    void aRefusedOneLeavesTheFirstItsLock() throws IOException {
        Path target = folder.resolve("out");
        try (Transaction first = begin(target)) {
            Object inode = Files.getAttribute(folder.resolve(".out.ffm-store-partial/lock"), "unix:ino");
            assertThat(Files.readString(Path.of("/proc/locks"))).contains(":" + inode + " ");
            assertThatThrownBy(() -> begin(target))
                    .isInstanceOf(TargetBusyException.class)
                    .hasMessage(target + ": is being written by another export");
            assertThat(Files.readString(Path.of("/proc/locks"))).contains(":" + inode + " ");
            assertThat(first.output()).doesNotExist();
        }
        begin(target).close();
        assertThat(folder).isEmptyDirectory();
    }

    @ParameterizedTest
    @EnumSource(Machine.class)
    void whatComesMeanwhileIsNotReplacedUnasked(Machine machine) throws IOException {
        for (Kind kind : Kind.values()) {
            Path target = folder.resolve(kind.name());
            Disk disk = new LateComer(FaultyDisk.sound(machine), target);
            try (Transaction transaction = Transaction.begin(target, kind, Existing.KEEP, disk)) {
                if (kind == Kind.FILE) {
                    Files.writeString(transaction.output(), "new");
                } else {
                    Files.writeString(
                            Files.createDirectory(transaction.output()).resolve("file"), "new");
                }
                assertThatThrownBy(transaction::commit).hasMessage(target + ": is there already");
            }
            assertThat(target).hasContent("of somebody else");
            Files.delete(target);
        }
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void aFolderThatHasJustGoneIsNotInTheWay() throws IOException {
        Path target = folder.resolve("out");
        Path beside = Files.createDirectory(folder.resolve(".out.ffm-store-partial"));
        Disk disk = new Wrapper(FaultyDisk.sound(Machine.values()[0])) {
            @Override
            public void createFolder(Path path) throws IOException {
                try {
                    super.createFolder(path);
                } catch (FileAlreadyExistsException e) {
                    Files.delete(path); // whoever had it is done
                    throw e;
                }
            }
        };
        Transaction.begin(target, Kind.FILE, Existing.KEEP, disk).close();
        assertThat(beside).doesNotExist();
        Files.createFile(beside);
        assertThatThrownBy(() -> begin(target)).hasMessageContaining("is in the way");
    }

    /// Somebody makes the target just before it is to have its name.
    private static final class LateComer extends Wrapper {
        private final Path target;

        LateComer(Disk disk, Path target) {
            super(disk);
            this.target = target;
        }

        @Override
        public LinuxRename.Result moveNew(Path from, Path to) throws IOException {
            if (!Files.exists(target)) {
                Files.writeString(target, "of somebody else");
            }
            return super.moveNew(from, to);
        }
    }

    /// Another disk, each step of which may be overridden.
    private static class Wrapper implements Disk {
        private final Disk disk;

        Wrapper(Disk disk) {
            this.disk = disk;
        }

        @Override
        public void createFolder(Path path) throws IOException {
            disk.createFolder(path);
        }

        @Override
        public void move(Path from, Path to) throws IOException {
            disk.move(from, to);
        }

        @Override
        public LinuxRename.Result moveNew(Path from, Path to) throws IOException {
            return disk.moveNew(from, to);
        }

        @Override
        public boolean exchange(Path one, Path other) throws IOException {
            return disk.exchange(one, other);
        }

        @Override
        public boolean link(Path name, Path file) throws IOException {
            return disk.link(name, file);
        }

        @Override
        public void delete(Path path) throws IOException {
            disk.delete(path);
        }

        @Override
        public void copyPermissions(Path from, Path to) throws IOException {
            disk.copyPermissions(from, to);
        }

        @Override
        public void force(Path path) throws IOException {
            disk.force(path);
        }
    }

    @Test
    @EnabledOnOs({OS.LINUX, OS.MAC})
    void aLinkStaysAndWhatItLeadsToIsReplaced() throws IOException {
        Path elsewhere = Files.createDirectory(folder.resolve("elsewhere"));
        Path real = Files.writeString(elsewhere.resolve("real"), "old");
        Path link = Files.createSymbolicLink(folder.resolve("link"), Path.of("elsewhere/real"));
        Path chain = Files.createSymbolicLink(folder.resolve("chain"), link);
        write(chain, "new");
        assertThat(real).hasContent("new");
        assertThat(link).isSymbolicLink();
        assertThat(chain).isSymbolicLink();
        assertThatThrownBy(() -> Transaction.begin(link, Kind.FILE, Existing.KEEP))
                .hasMessage(link + ": is there already");
        Files.delete(real);
        assertThatThrownBy(() -> Transaction.begin(link, Kind.FILE, Existing.KEEP))
                .hasMessage(link + ": is there already");
        write(link, "made");
        assertThat(real).hasContent("made");
        Path root = Files.createSymbolicLink(folder.resolve("root"), Path.of("/"));
        assertThatThrownBy(() -> Transaction.begin(root, Kind.FOLDER, Existing.REPLACE))
                .hasMessage("/: is not the name of a file");
        Path up = Files.createSymbolicLink(elsewhere.resolve("up"), Path.of(".."));
        try (Transaction transaction = Transaction.begin(up, Kind.FOLDER, Existing.REPLACE)) {
            assertThat(transaction.target()).isEqualTo(folder.toRealPath());
        }
        Files.delete(up);
        Path loop = Files.createSymbolicLink(folder.resolve("loop"), Path.of("loop"));
        assertThatThrownBy(() -> begin(loop)).hasMessage(loop + ": is a link to links without end");
        assertThat(names(elsewhere)).containsExactly("real");
    }

    @ParameterizedTest
    @EnumSource(Machine.class)
    @EnabledOnOs({OS.LINUX, OS.MAC})
    void whatIsReplacedHandsItsPermissionsOn(Machine machine) throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "old");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        Path tree = Files.createDirectory(folder.resolve("tree"));
        Files.setPosixFilePermissions(tree, PosixFilePermissions.fromString("rwxrwx---"));
        Files.setPosixFilePermissions(
                Files.writeString(tree.resolve("a"), "old"), PosixFilePermissions.fromString("r--r-----"));
        Disk disk = FaultyDisk.sound(machine);
        try (Transaction transaction = Transaction.begin(file, Kind.FILE, Existing.REPLACE, disk)) {
            Files.writeString(transaction.output(), "new");
            transaction.commit();
        }
        try (Transaction transaction = Transaction.begin(tree, Kind.FOLDER, Existing.REPLACE, disk)) {
            Files.writeString(Files.createDirectory(transaction.output()).resolve("a"), "new");
            transaction.commit();
        }
        assertThat(file).hasContent("new");
        assertThat(tree.resolve("a")).hasContent("new");
        assertThat(permissions(file)).isEqualTo("rw-------");
        assertThat(permissions(tree)).isEqualTo("rwxrwx---");
        assertThat(permissions(tree.resolve("a"))).isEqualTo("r--r-----");
        assertThat(names(folder)).containsExactly("file", "tree");
    }

    @Test
    @EnabledOnOs({OS.LINUX, OS.MAC})
    void nobodyElseReadsWhatGrows() throws IOException {
        try (Transaction transaction = begin(folder.resolve("out"))) {
            assertThat(permissions(transaction.output().getParent())).isEqualTo("rwx------");
        }
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void namesMayBeAsLongAsTheFileSystemTakes() throws IOException {
        for (String name : List.of("x".repeat(236), "x".repeat(237), "x".repeat(255), "x".repeat(254) + "y")) {
            Path target = folder.resolve(name);
            write(target, "new");
            assertThat(target).hasContent("new");
            try (Transaction _ = begin(target)) {
                assertThat(names(folder))
                        .hasSize(2)
                        .allSatisfy(its ->
                                assertThat(its.getBytes(StandardCharsets.UTF_8)).hasSizeLessThanOrEqualTo(255));
            }
            Files.delete(target);
        }
        assertThatThrownBy(() -> begin(folder.resolve("x".repeat(256))))
                .hasMessageEndingWith("cannot be written: File name too long");
        assertThat(folder).isEmptyDirectory();
    }

    @ParameterizedTest
    @EnumSource(Machine.class)
    void namesMayBeOdd(Machine machine) throws IOException {
        Path target = Files.createDirectory(folder.resolve("a b%41#+;&=~"));
        for (String text : List.of("old", "new")) {
            try (Transaction transaction =
                    Transaction.begin(target, Kind.FOLDER, Existing.REPLACE, FaultyDisk.sound(machine))) {
                Files.writeString(Files.createDirectory(transaction.output()).resolve(text), text);
                transaction.commit();
            }
        }
        assertThat(names(target)).containsExactly("new");
        assertThat(names(folder)).hasSize(1);
    }

    @Test
    void longNamesAreCutAtCharactersAndToldApart() {
        Path one = HiddenName.partial(Path.of("\u00e9".repeat(120) + "1"));
        Path other = HiddenName.partial(Path.of("\u00e9".repeat(120) + "2"));
        assertThat(one).isNotEqualTo(other);
        assertThat(one.toString()).startsWith(".\u00e9").endsWith(".ffm-store-partial");
        assertThat(one.toString().getBytes(StandardCharsets.UTF_8)).hasSizeBetween(250, 255);
    }

    @Test
    void aDiskThatFailsIsNoDiskWithoutForcing() {
        assertThat(SystemDisk.cannotBeForced(new IOException("Input/output error")))
                .isFalse();
        assertThat(SystemDisk.cannotBeForced(new IOException("No space left on device")))
                .isFalse();
        assertThat(SystemDisk.cannotBeForced(new IOException("Invalid argument")))
                .isTrue();
        assertThat(SystemDisk.cannotBeForced(new AccessDeniedException("folder")))
                .isTrue();
    }

    @Test
    void anInterruptBeforeTheCommitLeavesTheTargetAlone() throws IOException {
        Path target = Files.writeString(folder.resolve("out"), "old");
        Thread.currentThread().interrupt();
        try (Transaction transaction = begin(target)) {
            assertThat(Thread.interrupted()).isTrue();
            Files.writeString(transaction.output(), "new");
            Thread.currentThread().interrupt();
            assertThatThrownBy(transaction::commit)
                    .isInstanceOf(InterruptedIOException.class)
                    .hasMessage(target + ": export interrupted");
        } finally {
            assertThat(Thread.interrupted()).isTrue();
        }
        assertThat(target).hasContent("old");
        assertThat(names(folder)).containsExactly("out");
    }

    @Test
    void allAreClosedAndTheFirstFailureIsKept() {
        List<Closeable> things = List.of(
                () -> {
                    throw new IOException("first");
                },
                () -> {
                    throw new IllegalStateException("second");
                },
                () -> {
                    throw new IOException("third");
                });
        assertThatThrownBy(() -> Closing.all(things))
                .hasMessage("first")
                .satisfies(e -> assertThat(e.getSuppressed())
                        .extracting(Throwable::getMessage)
                        .containsExactly("second", "third"));
    }

    private static Transaction begin(Path target) throws IOException {
        return Transaction.begin(target, Kind.FILE, Existing.REPLACE);
    }

    private static void write(Path target, String text) throws IOException {
        try (Transaction transaction = begin(target)) {
            Files.writeString(transaction.output(), text);
            transaction.commit();
        }
    }

    private static String permissions(Path path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path, LinkOption.NOFOLLOW_LINKS));
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> paths = Files.list(folder)) {
            return paths.map(path -> path.getFileName().toString()).sorted().toList();
        }
    }
}
