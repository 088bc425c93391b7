package dev.ffmstore.export;

import java.io.IOException;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.List;

/// Writes files from their layouts.
///
/// ```java
/// Exporter exporter = new Exporter(ExportOptions.defaults());
/// exporter.write(Path.of("model.irpa"), Irpa.layout(tensors));
/// ```
///
/// A file or a folder, and the files that go with it, are written under other names beside their targets, forced to
/// the disk, and get their names when all of them are complete: whatever happens, a target is either what it was or
/// complete. An export that fails removes what it has written; what a killed export leaves is removed by the next
/// one to the same target. The heap holds nothing of the model's size: each worker has 4 MiB and a [Renderer],
/// off-heap.
///
/// A target that is a link to a file or folder stays a link, and what it leads to is replaced, if the options say
/// so. The new file or folder gets the permissions of the one that it replaces. On Linux x86-64, if the library may
/// call native code (`--enable-native-access`), a folder is replaced in one step; elsewhere there is for a moment
/// neither the old nor the new folder, and if an export is killed just then, the next one restores the old folder.
///
/// Immutable; any thread may use it, as long as the models of the layouts are open. Every method waits for the end
/// of the export, and throws [java.io.InterruptedIOException] if the waiting thread is interrupted, whose interrupt
/// status stays set.
///
/// @param options how exports are done
public record Exporter(ExportOptions options) {

    /// Writes a file with several workers.
    ///
    /// @param target the file; its folder must exist
    /// @param layout what the file is made of
    /// @return how the export went
    /// @throws IOException if the target exists already and the options do not say that it is to be replaced; if
    /// another export is writing it; if it cannot be written; if the model cannot be read, or has changed
    public ExportReport write(Path target, FileLayout layout) throws IOException {
        return write(target, layout, List.of());
    }

    /// Writes a file and others that go with it, with several workers. All are complete before any of them gets its
    /// name; the file gets its name last.
    ///
    /// @param target the file; its folder must exist
    /// @param layout what the file is made of
    /// @param beside the files that go into the folder of `target`, with names without `/`. One that exists already
    /// with the bytes that it is to have is left as it is, and is not counted in the report
    /// @return how the export went
    /// @throws IOException as [#write(Path, FileLayout)] does, for any of the files
    /// @throws IllegalArgumentException if a name has a `/`
    public ExportReport write(Path target, FileLayout layout, List<NamedLayout> beside) throws IOException {
        return new FileExport(options).write(target, layout, beside);
    }

    /// Writes a folder of files with several workers, the last file of the list last.
    ///
    /// With the option to replace, an existing folder is replaced as a whole, but only if everything in it is an
    /// export's own: files that the new export also writes, and files that the old index names. The old index is
    /// the file with the same name as the last of the list; it must exist, unless the folder is empty. It names
    /// files as an index of safetensors or of `.npy` files does: as the values of a `weight_map`, or of a field
    /// `file`.
    ///
    /// @param target the folder, which is made; the folder above it must exist
    /// @param files the files of the folder, with different paths; not empty
    /// @return how the export went
    /// @throws IOException as [#write(Path, FileLayout)] does, or if the folder exists and has other files
    public ExportReport writeFolder(Path target, List<NamedLayout> files) throws IOException {
        return new FileExport(options).writeFolder(target, files);
    }

    /// Writes one part of a file in place, as [#writePart(Path, FileLayout, List, Part)] does with no other files.
    public ExportReport writePart(Path target, FileLayout layout, Part part) throws IOException {
        return writePart(target, layout, List.of(), part);
    }

    /// Writes one part of a file in place, with several workers. The file is made in its whole size if it does not
    /// exist, and what is outside the part is not touched.
    ///
    /// Several processes, also on several machines that share a file system, may write the parts of a file at the
    /// same time or in any order, and a part that failed may be written again. Until every part has been written
    /// there is a file `.NAME.ffm-store-parts` beside the target, which says what the target will hold and which
    /// byte ranges of it are written; when this file is gone, the target is complete. The bytes are the same as
    /// those that `write` writes.
    ///
    /// @param target the file; it does not exist, is empty, or was begun by another part of the same layout
    /// @param layout what the whole file is made of
    /// @param beside files that go with the target, as in [#write(Path, FileLayout, List)]; part 1 writes them
    /// @param part which part of the file to write
    /// @return how the part went
    /// @throws IOException if the file exists and was not begun in parts, or was begun with another layout; if
    /// another process is writing the part; or as [#write(Path, FileLayout)] does
    /// @throws IllegalArgumentException if a name has a `/`
    public ExportReport writePart(Path target, FileLayout layout, List<NamedLayout> beside, Part part)
            throws IOException {
        return new FileExport(options).writePart(target, layout, beside, part);
    }

    /// Writes a file into a channel from start to end, on the calling thread alone.
    ///
    /// @param target a channel in blocking mode, which stays open; if this throws, it may have received part of the
    /// file
    /// @param name the channel's name in messages
    /// @param layout what the file is made of
    /// @return how the export went
    /// @throws IOException if the channel cannot be written to, or if the model cannot be read or has changed
    public ExportReport stream(WritableByteChannel target, String name, FileLayout layout) throws IOException {
        return new StreamExport(options).write(target, name, layout);
    }
}
