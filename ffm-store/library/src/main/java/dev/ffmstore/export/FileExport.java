package dev.ffmstore.export;

import dev.ffmstore.internal.files.PartialTarget;
import dev.ffmstore.internal.files.Reason;
import dev.ffmstore.internal.pass.Workers;
import dev.ffmstore.internal.text.Printable;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// An export to files: the target is what it was, or it is complete.
///
/// @param source what is exported
/// @param options how
public record FileExport(ConstantSource source, ExportOptions options) {
    /// What a worker renders, then writes, at a time.
    public static final int BUFFER_BYTES = 4 << 20;

    /// The smallest stretch of zeros in a new file that is not written but left to the file system.
    public static final int HOLE_BYTES = 64 << 10;

    private static final Set<String> NO_NAMES = Set.of("", ".", "..");

    /// Writes a file; see [dev.ffmstore.export.Exporter#write].
    public ExportReport write(Path target, FileLayout layout) throws IOException {
        long start = System.nanoTime();
        Path absolute = named(target);
        CopiedSources copied = new CopiedSources(List.of(new NamedLayout("file", layout)));
        requireFree(absolute);
        try (PartialTarget partial = PartialTarget.claim(absolute)) {
            requireFree(absolute);
            if (Files.isDirectory(absolute)) {
                throw refused(absolute, "is a folder: expected a file to replace");
            }
            OutputFile file = OutputFile.create(partial.output(), target.toString(), layout);
            int workers = write(target, List.of(List.of(file)), layout.size());
            checkUnchanged(copied);
            requireFree(absolute); // others may have been there meanwhile
            partial.complete();
            return report(1, layout.size(), start, workers);
        }
    }

    /// Writes a folder; see [dev.ffmstore.export.Exporter#writeFolder].
    public ExportReport writeFolder(Path target, List<NamedLayout> files) throws IOException {
        long start = System.nanoTime();
        Path absolute = named(target);
        CopiedSources copied = new CopiedSources(files);
        requireFree(absolute);
        try (PartialTarget partial = PartialTarget.claim(absolute)) {
            requireFree(absolute);
            requireExport(absolute, files);
            List<OutputFile> outputs = new ArrayList<>();
            long size = 0;
            try {
                Files.createDirectory(partial.output());
                for (NamedLayout file : files) {
                    outputs.add(OutputFile.create(
                            place(partial.output(), file.path()),
                            target.resolve(file.path()).toString(),
                            file.layout()));
                    size = Math.addExact(size, file.layout().size());
                }
            } catch (IOException e) {
                throw Reason.cannotBeWritten(target.toString(), e);
            }
            int last = outputs.size() - 1;
            int workers = write(target, List.of(outputs.subList(0, last), outputs.subList(last, last + 1)), size);
            checkUnchanged(copied);
            requireFree(absolute);
            requireExport(absolute, files);
            partial.complete();
            return report(files.size(), size, start, workers);
        }
    }

    /// Writes a part of a file; see [dev.ffmstore.export.Exporter#writePart].
    public ExportReport writePart(Path target, FileLayout layout, Part part) throws IOException {
        long start = System.nanoTime();
        Path absolute = named(target);
        CopiedSources copied = new CopiedSources(List.of(new NamedLayout("file", layout)));
        long from = part.from(layout.size());
        long to = part.to(layout.size());
        if (Files.exists(absolute) && !Files.isRegularFile(absolute)) {
            throw refused(absolute, "is not a regular file");
        }
        try (RandomAccessFile opened = open(absolute)) {
            FileChannel channel = opened.getChannel();
            requireSize(absolute, opened, layout.size());
            if (to > from && !tryLock(absolute, channel, from, to)) {
                throw refused(absolute, "part " + part + " is being written by another process");
            }
            OutputFile file = OutputFile.within(channel, target, layout, from, to);
            int workers = write(target, List.of(List.of(file)), to - from);
            checkUnchanged(copied);
            return report(1, to - from, start, workers);
        }
    }

    private static ExportReport report(int files, long bytes, long start, int workers) {
        return new ExportReport(files, bytes, (System.nanoTime() - start) / 1e9, workers);
    }

    /// Writes files, those of each list together, one list after the other; returns the number of workers.
    private int write(Path target, List<List<OutputFile>> lists, long totalBytes) throws IOException {
        String interrupted = Printable.escape(target.toString()) + ": export interrupted";
        int workers = 1;
        long before = 0;
        for (List<OutputFile> files : lists) {
            if (!files.isEmpty()) {
                ParallelWriter writer = new ParallelWriter(source, files);
                long written = before;
                Workers.inputOutput(
                        () -> writer.run(options.threads(), options.progress(), written, totalBytes), interrupted);
                before += files.stream().mapToLong(OutputFile::size).sum();
                workers = Math.max(workers, writer.workers(options.threads()));
            }
        }
        options.progress().progress(totalBytes, totalBytes);
        return workers;
    }

    private void checkUnchanged(CopiedSources copied) throws IOException {
        source.checkUnchanged();
        copied.checkUnchanged();
    }

    /// {@return the absolute path of a target}
    private static Path named(Path target) throws IOException {
        Path absolute = target.toAbsolutePath();
        Path name = absolute.getFileName();
        if (name == null || NO_NAMES.contains(name.toString())) {
            throw refused(target, "is not the name of a file");
        }
        return absolute;
    }

    private void requireFree(Path target) throws IOException {
        if (!Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        if (!options.replace()) {
            throw refused(target, "is there already");
        }
        if (!Files.isRegularFile(target) && !Files.isDirectory(target)) {
            throw refused(target, "is neither a file nor a folder");
        }
    }

    /// A folder of other things is not replaced, whatever the options say: all that is in it must be of the name of
    /// one of the new files, or of the kind of the first of them, and the last of them, the index, must be there.
    private static void requireExport(Path target, List<NamedLayout> files) throws IOException {
        if (!Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        if (!Files.isDirectory(target, LinkOption.NOFOLLOW_LINKS)) {
            throw refused(target, "is not a folder: expected one to replace");
        }
        Set<String> names = files.stream()
                .map(file -> Path.of(file.path()).getName(0).toString())
                .collect(Collectors.toSet());
        String kind = kind(files.getFirst().path());
        List<String> entries;
        try (Stream<Path> listed = Files.list(target)) {
            entries =
                    listed.map(entry -> entry.getFileName().toString()).sorted().toList();
        }
        for (String entry : entries) {
            if (!names.contains(entry) && !kind(entry).equals(kind)) {
                throw refused(
                        target,
                        "is a folder of other things, which is not replaced: it has " + Printable.escape(entry));
            }
        }
        String index = files.getLast().path();
        if (!entries.isEmpty() && !Files.exists(target.resolve(index))) {
            throw refused(
                    target, "is a folder of other things, which is not replaced: it has no " + Printable.escape(index));
        }
    }

    private static String kind(String path) {
        return path.substring(path.lastIndexOf('.') + 1);
    }

    /// {@return where a file of a folder is written; the folders above it are made}
    private static Path place(Path folder, String path) throws IOException {
        Path place = folder.resolve(path).normalize();
        if (!place.startsWith(folder) || place.equals(folder)) {
            throw new IOException(Printable.escape(path) + " leads out of the folder");
        }
        Files.createDirectories(place.getParent());
        return place;
    }

    private static RandomAccessFile open(Path target) throws IOException {
        Path folder = target.getParent();
        if (folder != null && !Files.isDirectory(folder)) {
            throw refused(target, "cannot be written: no such folder");
        }
        if (!Files.exists(target) && folder != null && !Files.isWritable(folder)
                || Files.exists(target) && !Files.isWritable(target)) {
            throw refused(target, "cannot be written: permission denied");
        }
        try {
            return new RandomAccessFile(target.toFile(), "rw");
        } catch (IOException e) {
            throw Reason.cannotBeWritten(target.toString(), e);
        }
    }

    /// Makes a new file as large as it will be, by the first of the processes that come.
    private static void requireSize(Path target, RandomAccessFile file, long size) throws IOException {
        long length = file.length();
        if (length != 0 && length != size) {
            throw refused(target, "is not a file of this export: expected " + size + " bytes, or none, got " + length);
        }
        file.setLength(size);
    }

    private static boolean tryLock(Path target, FileChannel channel, long from, long to) throws IOException {
        try {
            return channel.tryLock(from, to - from, false) != null;
        } catch (OverlappingFileLockException e) {
            return false; // by this process
        } catch (IOException e) {
            throw refused(target, "cannot be locked: " + Reason.of(e));
        }
    }

    private static FileSystemException refused(Path target, String reason) {
        return new FileSystemException(target.toString(), null, reason);
    }
}
