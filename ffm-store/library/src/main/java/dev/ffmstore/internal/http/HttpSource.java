package dev.ffmstore.internal.http;

import dev.ffmstore.gguf.Source;
import dev.ffmstore.internal.text.Problem;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/// A file on a server, read by ranges; see [RemoteFile] for what is asked and checked, and [ReadAhead] for how many
/// bytes are asked for at once. It keeps up to 64 MiB of the file in memory, off-heap, until it is closed.
public final class HttpSource implements Source {
    private final RemoteFile file;
    private final ReadAhead windows;

    private HttpSource(RemoteFile file, ReadAhead windows) {
        this.file = file;
        this.windows = windows;
    }

    /// Opens a file on a server, with the token of this process if it is meant for that server.
    ///
    /// @param url where the file is
    /// @return a source of its bytes; the caller closes it
    /// @throws java.io.InterruptedIOException if the calling thread is interrupted, whose status stays set
    /// @throws IOException if the server does not send ranges of it
    public static HttpSource open(RemoteUrl url) throws IOException {
        return open(url, HttpSettings.defaults());
    }

    @SuppressWarnings("MustBeClosed") // the source closes the arena
    static HttpSource open(RemoteUrl url, HttpSettings settings) throws IOException {
        if (url.isFolder()) {
            throw new IOException(Problem.of(url.name(), "is a folder, and over HTTP only single files are read")
                    .toString());
        }
        Arena arena = Arena.ofShared();
        try {
            MemorySegment start = ReadAhead.memory(arena);
            RemoteFile file = new RemoteFile(url, settings, start.asSlice(0, ReadAhead.FIRST_BYTES));
            return new HttpSource(
                    file, new ReadAhead(file.size(), file::fetch, file.stopping(), arena, start, file.received()));
        } catch (IOException | RuntimeException | Error e) {
            arena.close();
            throw e;
        }
    }

    @Override
    public String name() {
        return file.name();
    }

    @Override
    public long size() {
        return file.size();
    }

    @Override
    public Identity openedIdentity() {
        return file.openedIdentity();
    }

    @Override
    public Identity identity() throws IOException {
        return file.identity();
    }

    @Override
    public void read(long offset, MemorySegment target) throws IOException {
        Objects.checkFromIndexSize(offset, target.byteSize(), size());
        windows.read(offset, target);
    }

    @Override
    public void close() {
        file.close();
        windows.close();
    }
}
