package dev.ffmstore.cli;

import dev.ffmstore.export.ConstantSource;
import dev.ffmstore.export.Exporter;
import dev.ffmstore.export.FileLayout;
import dev.ffmstore.export.NamedLayout;
import dev.ffmstore.export.Renderer;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// Small files that go with an exported file, into its folder, before it: when it is there, they are.
///
/// One that is there already with the bytes it is to have is left, so that an export that failed later can be
/// repeated.
///
/// @param folder where they go
/// @param files the files
record FilesBeside(Path folder, List<NamedLayout> files) {
    private static final int BUFFER_BYTES = 64 << 10;

    void write(Exporter exporter) throws IOException {
        for (NamedLayout file : files) {
            Path place = folder.resolve(file.path());
            if (!isThere(exporter.source(), place, file.layout())) {
                exporter.write(place, file.layout());
            }
        }
    }

    private static boolean isThere(ConstantSource source, Path path, FileLayout layout) throws IOException {
        if (!Files.isRegularFile(path) || Files.size(path) != layout.size()) {
            return false;
        }
        try (FileChannel channel = FileChannel.open(path);
                Arena arena = Arena.ofConfined();
                Renderer renderer = new Renderer(source)) {
            MemorySegment expected = arena.allocate(BUFFER_BYTES);
            MemorySegment found = arena.allocate(BUFFER_BYTES);
            for (long at = 0; at < layout.size(); at += BUFFER_BYTES) {
                long size = Math.min(BUFFER_BYTES, layout.size() - at);
                renderer.render(layout, at, expected.asSlice(0, size));
                ByteBuffer bytes = found.asSlice(0, size).asByteBuffer();
                while (bytes.hasRemaining() && channel.read(bytes, at + bytes.position()) >= 0) {
                    continue;
                }
                if (bytes.hasRemaining() || expected.asSlice(0, size).mismatch(found.asSlice(0, size)) >= 0) {
                    return false;
                }
            }
            return true;
        }
    }
}
