package dev.ffmstore.cli;

import dev.ffmstore.gguf.MetadataType;
import dev.ffmstore.internal.gguf.GgufWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// A file with very many metadata keys and no tensors.
final class ManyKeys {
    private ManyKeys() {}

    static void write(Path path, int count) throws IOException {
        GgufWriter writer = new GgufWriter(3);
        for (int i = 0; i < count; i++) {
            writer.putInteger("key.number." + i, MetadataType.INT32, i);
        }
        Files.write(path, writer.header());
    }
}
