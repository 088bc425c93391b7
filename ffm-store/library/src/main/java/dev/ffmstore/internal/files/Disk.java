package dev.ffmstore.internal.files;

import dev.ffmstore.internal.memory.LinuxRename;
import java.io.IOException;
import java.nio.file.Path;

/// The changes that a transaction makes to folders. Each is one step: a process that dies has made some of them,
/// and none by half.
///
/// The one in use is `SystemDisk`. Tests put another in front of it, which fails or ends at a step that they
/// choose.
interface Disk {
    /// Makes a folder that only its owner can enter, where the file system has such folders.
    ///
    /// @throws java.nio.file.FileAlreadyExistsException if something has the name
    void createFolder(Path folder) throws IOException;

    /// Gives a file or folder another name, replacing a file of that name.
    void move(Path from, Path to) throws IOException;

    /// Gives a file or folder a name that nothing has.
    LinuxRename.Result moveNew(Path from, Path to) throws IOException;

    /// Gives each of two files or folders the other's name; returns false, and changes nothing, where that is not
    /// possible.
    boolean exchange(Path one, Path other) throws IOException;

    /// Gives a file a second name; returns false, and changes nothing, where that is not possible.
    ///
    /// @throws java.nio.file.FileAlreadyExistsException if something has the name
    boolean link(Path name, Path file) throws IOException;

    /// Deletes a file, a link or an empty folder.
    void delete(Path path) throws IOException;

    /// Gives a file or folder the permissions of another, where the file system has permissions.
    void copyPermissions(Path from, Path to) throws IOException;

    /// Waits until the names in a folder, or the bytes of a file, are on the disk, even if the thread is
    /// interrupted.
    void force(Path path) throws IOException;
}
