package dev.ffmstore.internal.measure;

import dev.ffmstore.export.ConstantReader;
import dev.ffmstore.export.ConstantSource;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/// The readers that workers have opened, closed when no worker is running any more.
final class Readers implements AutoCloseable {
    private final Queue<ConstantReader> opened = new ConcurrentLinkedQueue<>();

    /// {@return a reader for the thread that calls; it is closed with this}
    ConstantReader open(ConstantSource source) {
        ConstantReader reader = source.openReader();
        opened.add(reader);
        return reader;
    }

    @Override
    public void close() {
        opened.forEach(ConstantReader::close);
    }
}
