package dev.ffmstore.internal.files;

import dev.ffmstore.internal.text.Problem;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The ledger: the file beside a target that is written in parts, which says what is written.
///
/// ```text
/// ffm-store parts 1
/// contents SIZE FINGERPRINT      of the whole file
/// done FROM TO                   a byte range that is written and forced to the disk; any number of them
/// ```
///
/// A line that was cut because the machine stopped is ignored. The file is read and written through one
/// `RandomAccessFile`: a channel would be closed by an interrupt, and locks of other threads with it.
final class PartLedger {
    private static final String TITLE = "ffm-store parts 1";
    private static final Pattern CONTENTS = Pattern.compile("contents ([0-9]{1,19}) ([0-9a-f]{1,128})");
    private static final Pattern DONE = Pattern.compile("done ([0-9]{1,18}) ([0-9]{1,18})");
    private static final int MOST_BYTES = 16 << 20;

    private final RandomAccessFile file;
    private final Path path;
    private final String shown;

    /// Where the last whole line ends.
    private long end;

    /// The ends of the ranges that are done, by their starts: those that touch are one.
    private final TreeMap<Long, Long> done = new TreeMap<>();

    private PartLedger(RandomAccessFile file, Path path, String shown) {
        this.file = file;
        this.path = path;
        this.shown = shown;
    }

    /// {@return the text of a new ledger}
    static String text(PartContents contents) {
        return TITLE + "\n" + contentsLine(contents) + "\n";
    }

    private static String contentsLine(PartContents contents) {
        return "contents " + contents.size() + " " + contents.fingerprint();
    }

    /// {@return the ledger that a file holds}
    ///
    /// @param path the path of the file, for messages
    /// @param shown the target's name, for messages
    /// @param contents what the target is to hold
    /// @throws FileSystemException if the ledger is of other contents, or the file is no ledger
    static PartLedger read(RandomAccessFile file, Path path, String shown, PartContents contents) throws IOException {
        PartLedger ledger = new PartLedger(file, path, shown);
        ledger.read(contents);
        return ledger;
    }

    private void read(PartContents contents) throws IOException {
        if (file.length() > MOST_BYTES) {
            throw damaged();
        }
        byte[] bytes = new byte[(int) file.length()];
        file.seek(0);
        file.readFully(bytes);
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        end = text.lastIndexOf('\n') + 1;
        String[] lines = text.substring(0, (int) end).split("\n");
        if (lines.length < 2
                || !lines[0].equals(TITLE)
                || !CONTENTS.matcher(lines[1]).matches()) {
            throw damaged();
        }
        if (!lines[1].equals(contentsLine(contents))) {
            throw new FileSystemException(
                    shown,
                    null,
                    Problem.fill(
                            "holds parts of another model, or written with other options: expected {}, got {} in {}",
                            contentsLine(contents),
                            lines[1],
                            path));
        }
        for (int i = 2; i < lines.length; i++) {
            Matcher range = DONE.matcher(lines[i]);
            if (!range.matches()) {
                throw damaged();
            }
            add(Long.parseLong(range.group(1)), Long.parseLong(range.group(2)));
        }
    }

    private FileSystemException damaged() {
        return new FileSystemException(
                shown,
                null,
                Problem.fill("does not tell which of its parts are written: {} is damaged; remove both files", path));
    }

    private void add(long from, long to) {
        if (from >= to) {
            return;
        }
        long start = from;
        long stop = to;
        Map.Entry<Long, Long> before = done.floorEntry(from);
        if (before != null && before.getValue() >= from) {
            start = before.getKey();
        }
        for (Map.Entry<Long, Long> next = done.ceilingEntry(start);
                next != null && next.getKey() <= stop;
                next = done.ceilingEntry(start)) {
            stop = Math.max(stop, next.getValue());
            done.remove(next.getKey());
        }
        done.put(start, stop);
    }

    /// {@return whether any range is done}
    boolean isBegun() {
        return !done.isEmpty();
    }

    /// {@return whether the whole of a target of a size is done}
    boolean isComplete(long size) {
        Map.Entry<Long, Long> first = done.firstEntry();
        return size == 0 || first != null && first.getKey() == 0 && first.getValue() >= size;
    }

    /// Notes that a range is done, and waits until the note is on the disk.
    void append(long from, long to) throws IOException {
        if (from < to) {
            file.setLength(end);
            file.seek(end);
            file.write(("done " + from + " " + to + "\n").getBytes(StandardCharsets.ISO_8859_1));
            file.getFD().sync();
            end = file.getFilePointer();
            add(from, to);
        }
    }
}
