package dev.ffmstore.export;

import dev.ffmstore.internal.text.Problem;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/// A folder that an export is to replace. Only an export's own files may be taken away: those that the index of the
/// old export names, and those that the new export writes again.
///
/// @param folder the path of the folder, which need not exist
/// @param shown the folder's name in messages
/// @param files the files that the new export writes, the index last
record ReplacedFolder(Path folder, String shown, List<NamedLayout> files) {

    /// Refuses a folder that holds anything else, even an empty folder.
    void requireExport() throws IOException {
        if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS) || isEmpty()) {
            return;
        }
        Path index = folder.resolve(files.getLast().path());
        if (!Files.isRegularFile(index)) {
            throw refused("it has no {}", files.getLast().path());
        }
        Found found = Found.in(folder);
        TreeSet<String> others = new TreeSet<>(found.files);
        files.forEach(file -> others.remove(file.path()));
        try {
            IndexedFiles.removeNamed(index, others);
        } catch (IndexedFiles.NoIndexException e) {
            throw refused("its {} does not say which files are the export's: {}", index.getFileName(), e.getMessage());
        }
        others.addAll(found.emptyFolders);
        if (!others.isEmpty()) {
            throw refused("it has {}, which is not of the export that is there", others.first());
        }
    }

    private boolean isEmpty() throws IOException {
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
            return !entries.iterator().hasNext();
        }
    }

    /// What a folder holds, as paths relative to the folder, with `/` between names.
    private record Found(Set<String> files, Set<String> emptyFolders) {
        static Found in(Path folder) throws IOException {
            Found found = new Found(new HashSet<>(), new HashSet<>());
            Set<String> full = new HashSet<>(Set.of(""));
            Files.walkFileTree(folder, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult preVisitDirectory(Path path, BasicFileAttributes attributes) {
                    found.emptyFolders.add(relative(folder, path));
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFile(Path path, BasicFileAttributes attributes) {
                    String file = relative(folder, path);
                    found.files.add(file);
                    for (int end = file.lastIndexOf('/'); end > 0; end = file.lastIndexOf('/', end - 1)) {
                        full.add(file.substring(0, end));
                    }
                    return FileVisitResult.CONTINUE;
                }
            });
            found.emptyFolders.removeAll(full);
            return found;
        }

        private static String relative(Path folder, Path path) {
            return folder.relativize(path)
                    .toString()
                    .replace(folder.getFileSystem().getSeparator(), "/");
        }
    }

    private FileSystemException refused(String why, Object... values) {
        return new FileSystemException(
                shown, null, "is a folder of other things, which is not replaced: " + Problem.fill(why, values));
    }
}
