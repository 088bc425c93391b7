package dev.ffmstore.interop;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/// Files and folders that take long to make, kept in the user's cache folder from one build to the next.
///
/// Each is made under a temporary name and renamed when it is complete, by one build at a time: what is there is
/// whole.
final class Cache {

    /// Makes one file or folder.
    interface Maker {
        /// @param place where it goes; nothing is there yet, its parent exists
        void make(Path place) throws IOException;
    }

    private Cache() {}

    /// {@return the file or folder of this name, made now if it is not there}
    ///
    /// @param name its path inside the cache folder
    static synchronized Path keep(String name, Maker maker) throws IOException {
        Path kept = Places.cache().resolve(name);
        if (Files.exists(kept)) {
            return kept;
        }
        Files.createDirectories(kept.getParent());
        try (FileChannel channel =
                        FileChannel.open(beside(kept, ".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock _ = channel.lock()) {
            if (!Files.exists(kept)) { // another build may have made it while this one waited
                Path unfinished = beside(kept, ".tmp");
                delete(unfinished);
                System.out.println("making " + kept);
                maker.make(unfinished);
                Files.move(unfinished, kept, StandardCopyOption.ATOMIC_MOVE);
            }
        }
        return kept;
    }

    /// Deletes a file or a folder with all it holds, if it is there.
    static void delete(Path path) throws IOException {
        if (!Files.exists(path)) {
            return;
        }
        List<Path> deepestFirst;
        try (Stream<Path> all = Files.walk(path)) {
            deepestFirst = all.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path each : deepestFirst) {
            Files.delete(each);
        }
    }

    private static Path beside(Path path, String suffix) {
        return path.resolveSibling("." + path.getFileName() + suffix);
    }
}
