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
/// the disk, and get their names when all of them are complete: whatever happens, a target is what it was or it is
/// complete. An export that fails removes what it has written; what a killed one leaves is removed by the next one
/// to the same target. The heap holds nothing of the model's size: each worker has 4 MiB and a [Renderer],
/// off-heap.
///
/// A target that is a link to a file or folder stays a link, and what it leads to is replaced, if the options say
/// so. What is replaced hands its permissions on. Where the machine is Linux on x86-64 and the library may call
/// native code (`--enable-native-access`), a folder is replaced in one step; elsewhere there is, for a moment,
/// neither the old nor the new one, and an export that is killed just then has the old one come back with the next.
///
/// Immutable; may be used by any thread, as long as the models of the layouts may. Every method waits for the end
/// of the export, and throws [java.io.InterruptedIOException] if the thread that waits is interrupted, whose
/// interrupt status stays set.
///
/// @param options how
public record Exporter(ExportOptions options) {

    /// Writes a file, by several workers.
    ///
    /// @param target the file; its folder is there
    /// @param layout what it is made of
    /// @return how that went
    /// @throws IOException if the target is there already and the options do not say that it is replaced; if it is
    /// being written by another export; if it cannot be written; if the model cannot be read, or has changed
    public ExportReport write(Path target, FileLayout layout) throws IOException {
        return write(target, layout, List.of());
    }

    /// Writes a file and others that go with it, by several workers: all are complete before any has its name, and
    /// the file's comes last.
    ///
    /// @param target the file; its folder is there
    /// @param layout what it is made of
    /// @param beside the files that go into the folder of `target`, of names without `/`. One that is there already
    /// with the bytes it is to have is left as it is, and does not count in the report
    /// @return how that went
    /// @throws IOException as [#write(Path, FileLayout)] does, of any of the files
    /// @throws IllegalArgumentException if a name has a `/`
    public ExportReport write(Path target, FileLayout layout, List<NamedLayout> beside) throws IOException {
        return new FileExport(options).write(target, layout, beside);
    }

    /// Writes a folder of files, by several workers, the last file of the list last.
    ///
    /// With the option to replace, a folder that is there is replaced as a whole, but only if everything in it is
    /// the export's own: files that the new export also writes, and files that the old index names. The index is
    /// the file of the name of the last of the list; it must be there, unless the folder is empty. It names files
    /// as those of [dev.ffmstore.formats.Safetensors] and [dev.ffmstore.formats.Npy] do: the values of a
    /// `weight_map`, or of a field `file`.
    ///
    /// @param target the folder, which is made; its own folder is there
    /// @param files what is in it, of different paths; not empty
    /// @return how that went
    /// @throws IOException as [#write(Path, FileLayout)] does, or if a folder is there that has other files
    public ExportReport writeFolder(Path target, List<NamedLayout> files) throws IOException {
        return new FileExport(options).writeFolder(target, files);
    }

    /// Writes one part of a file in place; as [#writePart(Path, FileLayout, List, Part)] does, with no other files.
    public ExportReport writePart(Path target, FileLayout layout, Part part) throws IOException {
        return writePart(target, layout, List.of(), part);
    }

    /// Writes one part of a file in place, by several workers: the file is made if it is not there, in its whole
    /// size, and what is outside of the part is not touched.
    ///
    /// Several processes, on several machines that share a file system too, may write the parts of a file at the
    /// same time or in any order, and a part that failed may be written again. Until every part has been written
    /// there is a file `.NAME.ffm-store-parts` beside the target, which says what the target will hold and which
    /// byte ranges of it are written; when it has gone, the target is complete. The bytes are the same as those of
    /// `write`.
    ///
    /// @param target the file; it is not there, is empty, or has been begun by another part of the same layout
    /// @param layout what the whole file is made of
    /// @param beside files that go with the target, as those of [#write(Path, FileLayout, List)]; part 1 writes
    /// them
    /// @param part which part of it
    /// @return how the part went
    /// @throws IOException if a file is there that was not begun in parts, or one of another layout; if the part is
    /// being written by another process; or as [#write(Path, FileLayout)] does
    /// @throws IllegalArgumentException if a name has a `/`
    public ExportReport writePart(Path target, FileLayout layout, List<NamedLayout> beside, Part part)
            throws IOException {
        return new FileExport(options).writePart(target, layout, beside, part);
    }

    /// Writes a file into a channel from its start to its end, by the calling thread alone.
    ///
    /// @param target a channel in blocking mode, which stays open; what it has got when this throws is not the file
    /// @param name the channel's name in messages
    /// @param layout what the file is made of
    /// @return how that went
    /// @throws IOException if the channel cannot be written to; if the model cannot be read, or has changed
    public ExportReport stream(WritableByteChannel target, String name, FileLayout layout) throws IOException {
        return new StreamExport(options).write(target, name, layout);
    }
}
