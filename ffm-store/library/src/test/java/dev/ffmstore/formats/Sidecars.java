package dev.ffmstore.formats;

import dev.ffmstore.Model;
import dev.ffmstore.TestModel;
import dev.ffmstore.export.FileLayout;
import dev.ffmstore.fixtures.Json;
import dev.ffmstore.gguf.ByteSource;
import dev.ffmstore.gguf.GgufFile;
import dev.ffmstore.gguf.GgufOptions;
import dev.ffmstore.internal.gguf.GgufWriter;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Models that are a header and some values, and the texts of files that are made beside them.
final class Sidecars {
    private Sidecars() {}

    /// {@return a model}
    ///
    /// @param values the first elements of its last tensor
    static Model open(GgufWriter header, float... values) throws IOException {
        byte[] bytes = TestModel.fill(header).bytes();
        if (values.length > 0) {
            ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
            buffer.position((int) header.tensors().getLast().offset());
            for (float value : values) {
                buffer.putFloat(value);
            }
        }
        return Model.of(GgufFile.open(new ByteSource(bytes), GgufOptions.defaults()));
    }

    static String text(FileLayout layout) throws IOException {
        byte[] bytes = new byte[Math.toIntExact(layout.size())];
        for (FileLayout.Placed placed : layout.pieces()) {
            MemorySegment place = MemorySegment.ofArray(bytes)
                    .asSlice(placed.offset(), placed.piece().size());
            switch (placed.piece()) {
                case FileLayout.Literal literal -> place.copyFrom(MemorySegment.ofArray(literal.bytes()));
                case FileLayout.Copy copy -> copy.source().read(copy.offset(), place);
                default -> throw new AssertionError("unexpected " + placed.piece());
            }
        }
        return new String(bytes, StandardCharsets.UTF_8);
    }

    static Map<String, @Nullable Object> json(@Nullable String text) throws IOException {
        return Json.lines(text).getFirst();
    }
}
