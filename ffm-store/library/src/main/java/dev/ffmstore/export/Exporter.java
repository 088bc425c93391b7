package dev.ffmstore.export;

import dev.ffmstore.formats.Irpa;
import java.io.IOException;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.List;

/// Writes files from their layouts and one source of constants.
///
/// ```java
/// Exporter exporter = new Exporter(source, ExportOptions.defaults());
/// exporter.write(Path.of("model.irpa"), Irpa.layout(source));
/// ```
///
/// A file or a folder is written under another name beside its target, `.NAME.ffm-store-partial`, forced to the
/// disk,
/// and gets its name when it is complete: whatever happens, the target is what it was or it is complete. An export
/// that fails removes what it has written; what a killed one leaves is removed by the next one to the same target.
/// The
/// heap holds nothing of the model's size: each worker has 4 MiB and a [Renderer], off-heap.
///
/// Immutable; may be used by any thread, as long as the source may. Every method waits for the end of the export,
/// and
/// throws [java.io.InterruptedIOException] if the thread that waits is interrupted, whose interrupt status stays
/// set.
///
/// @param source what is exported
/// @param options how
public record Exporter(ConstantSource source, ExportOptions options) {

    /// Writes a file, by several workers.
    ///
    /// @param target the file; its folder is there
    /// @param layout what it is made of
    /// @return how that went
    /// @throws IOException if the target is there already and the options do not say that it is replaced; if it is
    /// being written by another export; if it cannot be written; if the model cannot be read, or has changed
    public ExportReport write(Path target, FileLayout layout) throws IOException {
        return new FileExport(source, options).write(target, layout);
    }

    /// Writes a folder of files, by several workers, the last file of the list last.
    ///
    /// @param target the folder, which is made; its own folder is there. With the option to replace, a folder that
    /// is
    /// there is replaced as a whole, but only if it is empty or has a file of the name of the last file of the
    /// list,
    /// and so is an export too
    /// @param files what is in it, of different paths; not empty
    /// @return how that went
    /// @throws IOException as [#write] does
    public ExportReport writeFolder(Path target, List<NamedLayout> files) throws IOException {
        return new FileExport(source, options).writeFolder(target, files);
    }

    /// Writes one part of a file in place, by several workers: the file is made if it is not there, in its whole
    /// size,
    /// and what is outside of the part is not touched.
    ///
    /// Several processes, on several machines that share a file system too, may write the parts of a file at the
    /// same
    /// time or in any order, and a part that failed may be written again. The file is complete when every part has
    /// been written without a failure; nothing in it says so. The bytes are the same as those of [#write].
    ///
    /// @param target the file; if it is there, it is empty or has the layout's size
    /// @param layout what the whole file is made of
    /// @param part which part of it
    /// @return how that went
    /// @throws IOException if a file of another size is there, if the part is being written by another process, or
    /// as
    /// [#write] does
    public ExportReport writePart(Path target, FileLayout layout, Part part) throws IOException {
        return new FileExport(source, options).writePart(target, layout, part);
    }

    /// Writes a file into a channel from its start to its end, by the calling thread alone.
    ///
    /// @param target a channel in blocking mode, which stays open; what it has got when this throws is not the file
    /// @param name the channel's name in messages
    /// @param layout what the file is made of
    /// @return how that went
    /// @throws IOException if the channel cannot be written to; if the model cannot be read, or has changed
    public ExportReport stream(WritableByteChannel target, String name, FileLayout layout) throws IOException {
        return new StreamExport(source, options).write(target, name, layout);
    }
}
