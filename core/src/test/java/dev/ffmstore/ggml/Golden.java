package dev.ffmstore.ggml;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.zip.GZIPInputStream;

/// Blocks of one type and what ggml decodes them to.
///
/// @param name the name of the files
/// @param type the type of the blocks
/// @param blocks the blocks
/// @param bits the raw bits of ggml's floats
/// @param anyNan whether a NaN may have any bits (blocks with scales that are not finite, and F16 itself)
public record Golden(String name, GgmlType type, byte[] blocks, int[] bits, boolean anyNan) {

    static List<Golden> all() {
        return Arrays.stream(GgmlType.values())
                .filter(type -> BlockDecoders.scalar().supports(type) && !type.isPlain())
                .mapMulti((GgmlType type, java.util.function.Consumer<Golden> sink) -> {
                    String name = type.name().toLowerCase(Locale.ROOT);
                    sink.accept(read(name, type, type == GgmlType.F16));
                    if (Golden.class.getResource("/golden/" + name + ".nonfinite.bin.gz") != null) {
                        sink.accept(read(name + ".nonfinite", type, true));
                    }
                })
                .toList();
    }

    static Golden of(GgmlType type) {
        return all().stream()
                .filter(golden -> golden.type == type && !golden.name.contains("nonfinite"))
                .findFirst()
                .orElseThrow();
    }

    private static Golden read(String name, GgmlType type, boolean anyNan) {
        byte[] floats = unzip("/golden/" + name + ".f32.gz");
        int[] bits = MemorySegment.ofArray(floats)
                .toArray(ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN));
        return new Golden(name, type, unzip("/golden/" + name + ".bin.gz"), bits, anyNan);
    }

    private static byte[] unzip(String resource) {
        try (InputStream raw = Golden.class.getResourceAsStream(resource);
                InputStream in = new GZIPInputStream(raw)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    int blockCount() {
        return blocks.length / type.blockBytes();
    }

    @Override
    public String toString() {
        return name;
    }
}
