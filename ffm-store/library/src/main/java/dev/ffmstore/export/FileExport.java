package dev.ffmstore.export;

import dev.ffmstore.internal.files.Existing;
import dev.ffmstore.internal.files.Interrupts;
import dev.ffmstore.internal.files.PartContents;
import dev.ffmstore.internal.files.PartTarget;
import dev.ffmstore.internal.files.Reason;
import dev.ffmstore.internal.files.Transaction;
import dev.ffmstore.internal.pass.Pass;
import dev.ffmstore.internal.text.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// An export to files, after which a target is either what it was or complete.
///
/// @param options how exports are done
public record FileExport(ExportOptions options) {
    /// How much a worker renders, then writes, at a time.
    public static final int BUFFER_BYTES = 4 << 20;

    /// The smallest stretch of zeros in a new file that is not written but left to the file system.
    public static final int HOLE_BYTES = 64 << 10;

    /// Writes a file and files beside it; see [Exporter#write].
    public ExportReport write(Path target, FileLayout layout, List<NamedLayout> beside) throws IOException {
        requireNames(beside);
        return Interrupts.inOneForm(interrupted(target), () -> writeFile(target, layout, beside));
    }

    private ExportReport writeFile(Path target, FileLayout layout, List<NamedLayout> beside) throws IOException {
        long start = System.nanoTime();
        CopiedSources copied = new CopiedSources(with(beside, new NamedLayout("file", layout)));
        try (Transaction transaction = Transaction.begin(target, Transaction.Kind.FILE, existing())) {
            List<OutputFile> others = new ArrayList<>();
            for (NamedLayout file : unwritten(target, beside)) {
                others.add(OutputFile.create(
                        transaction.beside(file.path()), shown(target.resolveSibling(file.path())), file.layout()));
            }
            OutputFile main = OutputFile.create(transaction.output(), shown(target), layout);
            long size = Math.addExact(size(others), layout.size());
            int workers = write(target, List.of(others, List.of(main)), size);
            copied.checkUnchanged();
            transaction.commit();
            return report(others.size() + 1, size, start, workers);
        }
    }

    /// Writes a folder; see [Exporter#writeFolder].
    public ExportReport writeFolder(Path target, List<NamedLayout> files) throws IOException {
        return Interrupts.inOneForm(interrupted(target), () -> writeFiles(target, files));
    }

    private ExportReport writeFiles(Path target, List<NamedLayout> files) throws IOException {
        long start = System.nanoTime();
        CopiedSources copied = new CopiedSources(files);
        try (Transaction transaction = Transaction.begin(target, Transaction.Kind.FOLDER, existing())) {
            ReplacedFolder replaced = new ReplacedFolder(transaction.target(), shown(target), files);
            replaced.requireExport();
            List<OutputFile> outputs = new ArrayList<>();
            try {
                Files.createDirectory(transaction.output());
                for (NamedLayout file : files) {
                    outputs.add(OutputFile.create(
                            place(transaction.output(), file.path()),
                            shown(target.resolve(file.path())),
                            file.layout()));
                }
            } catch (IOException e) {
                throw Reason.cannotBeWritten(shown(target), e);
            }
            long size = size(outputs);
            int last = outputs.size() - 1;
            int workers = write(target, List.of(outputs.subList(0, last), outputs.subList(last, last + 1)), size);
            copied.checkUnchanged();
            replaced.requireExport(); // others may have written to it meanwhile
            transaction.commit();
            return report(files.size(), size, start, workers);
        }
    }

    /// Writes a part of a file; see [Exporter#writePart].
    public ExportReport writePart(Path target, FileLayout layout, List<NamedLayout> beside, Part part)
            throws IOException {
        requireNames(beside);
        List<NamedLayout> others = part.number() == 1 ? beside : List.of();
        return Interrupts.inOneForm(interrupted(target), () -> {
            List<NamedLayout> unwritten = unwritten(target, others);
            return unwritten.isEmpty()
                    ? writePart(target, layout, part)
                    : writePartAndFiles(target, layout, part, unwritten);
        });
    }

    /// Writes other files and a part of a file; the other files get their names once the part is written.
    private ExportReport writePartAndFiles(Path target, FileLayout layout, Part part, List<NamedLayout> others)
            throws IOException {
        CopiedSources copied = new CopiedSources(others);
        Path first = target.resolveSibling(others.getFirst().path());
        try (Transaction transaction = Transaction.begin(first, Transaction.Kind.FILE, existing())) {
            List<OutputFile> outputs = new ArrayList<>();
            for (NamedLayout file : others) {
                outputs.add(OutputFile.create(
                        outputs.isEmpty() ? transaction.output() : transaction.beside(file.path()),
                        shown(target.resolveSibling(file.path())),
                        file.layout()));
            }
            new FileExport(options.progress((done, total) -> {})).write(target, List.of(outputs), 0);
            copied.checkUnchanged();
            ExportReport report = writePart(target, layout, part);
            transaction.commit();
            return report;
        }
    }

    private ExportReport writePart(Path target, FileLayout layout, Part part) throws IOException {
        long start = System.nanoTime();
        CopiedSources copied = new CopiedSources(List.of(new NamedLayout("file", layout)));
        long from = part.from(layout.size());
        long to = part.to(layout.size());
        PartContents contents = new PartContents(layout.size(), LayoutFingerprint.of(layout));
        try (PartTarget claimed = PartTarget.claim(target, contents, from, to, part.toString())) {
            OutputFile file = OutputFile.within(claimed.channel(), target, layout, from, to);
            int workers = write(target, List.of(List.of(file)), to - from);
            copied.checkUnchanged();
            claimed.complete();
            return report(1, to - from, start, workers);
        }
    }

    private Existing existing() {
        return options.replace() ? Existing.REPLACE : Existing.KEEP;
    }

    private static String shown(Path target) {
        return target.toString();
    }

    private static String interrupted(Path target) {
        return Transaction.interrupted(shown(target));
    }

    /// @throws IllegalArgumentException if a file would not be in the folder of the target
    private static void requireNames(List<NamedLayout> beside) {
        for (NamedLayout file : beside) {
            if (file.path().indexOf('/') >= 0) {
                throw new IllegalArgumentException(
                        Problem.fill("name of a file beside another: expected no /, got {}", file.path()));
            }
        }
    }

    private static List<NamedLayout> with(List<NamedLayout> files, NamedLayout last) {
        List<NamedLayout> all = new ArrayList<>(files);
        all.add(last);
        return all;
    }

    /// {@return those files that do not exist already with the bytes that they are to have}
    private List<NamedLayout> unwritten(Path target, List<NamedLayout> beside) throws IOException {
        List<NamedLayout> unwritten = new ArrayList<>();
        for (NamedLayout file : beside) {
            if (!WrittenBefore.is(target.resolveSibling(file.path()), file.layout())) {
                unwritten.add(file);
            }
        }
        return unwritten;
    }

    private static long size(List<OutputFile> files) {
        return files.stream().mapToLong(OutputFile::size).reduce(0, Math::addExact);
    }

    private static ExportReport report(int files, long bytes, long start, int workers) {
        return new ExportReport(files, bytes, (System.nanoTime() - start) / 1e9, workers);
    }

    /// Writes the files of each list together, one list after the other, and returns the number of workers.
    private int write(Path target, List<List<OutputFile>> lists, long totalBytes) throws IOException {
        Pass pass = new Pass(options.threads(), interrupted(target));
        int workers = 1;
        for (List<OutputFile> files : lists) {
            if (!files.isEmpty()) {
                ParallelWriter writer = new ParallelWriter(files);
                writer.run(pass, options.progress(), totalBytes);
                workers = Math.max(workers, writer.workers(options.threads()));
            }
        }
        options.progress().progress(totalBytes, totalBytes);
        return workers;
    }

    /// {@return the path at which a file of a folder is written; the folders above the file are made}
    private static Path place(Path folder, String path) throws IOException {
        Path place = folder.resolve(path).normalize();
        if (!place.startsWith(folder) || place.equals(folder)) {
            throw new IOException(Problem.fill("{} leads out of the folder", path));
        }
        Files.createDirectories(place.getParent());
        return place;
    }
}
