package dev.ffmstore.internal.files;

import dev.ffmstore.internal.memory.LinuxRename;
import java.io.IOException;
import java.nio.file.Path;

/// The changes that a transaction makes to folders, each of them one step: a process that dies has done some of
/// them, and none by half.
///
/// `SystemDisk` is the one in use. Tests put another before it, which fails or ends at a step that they choose.
interface Disk {
    /// Makes a folder that only its owner can enter, where there are such.
    ///
    /// @throws java.nio.file.FileAlreadyExistsException if something has the name
    void createFolder(Path folder) throws IOException;

    /// Gives a file or folder another name, in place of a file of that name.
    void move(Path from, Path to) throws IOException;

    /// Gives a file or folder a name that nothing has.
    LinuxRename.Result moveNew(Path from, Path to) throws IOException;

    /// Gives each of two files or folders the other's name; returns false, and changes nothing, where that cannot
    /// be.
    boolean exchange(Path one, Path other) throws IOException;

    /// Gives a file another name beside its own; returns false, and changes nothing, where that cannot be.
    ///
    /// @throws java.nio.file.FileAlreadyExistsException if something has the name
    boolean link(Path name, Path file) throws IOException;

    /// Deletes a file, a link or an empty folder.
    void delete(Path path) throws IOException;

    /// Gives a file or folder the permissions of another, where there are such.
    void copyPermissions(Path from, Path to) throws IOException;

    /// Waits until the names in a folder, or the bytes of a file, are on the disk, whether the thread is
    /// interrupted or not.
    void force(Path path) throws IOException;
}
