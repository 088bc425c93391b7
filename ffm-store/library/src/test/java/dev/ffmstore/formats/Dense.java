package dev.ffmstore.formats;

import dev.ffmstore.LoadOptions;
import dev.ffmstore.export.Constant;
import dev.ffmstore.export.ConstantReader;
import dev.ffmstore.export.ConstantSource;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What a source of constants gives, read whole.
final class Dense {
    private Dense() {}

    /// {@return the constants of a file whose dtypes and shapes are known}
    static ConstantSource source(Path path) throws IOException {
        return ((Weights.Typed) Weights.open(path, _ -> LoadOptions.defaults())).source();
    }

    /// {@return all bytes by the name, in the source's order; read in two parts, so that offsets count}
    static Map<String, List<Byte>> bytes(ConstantSource source) throws IOException {
        Map<String, List<Byte>> all = new LinkedHashMap<>();
        try (Arena arena = Arena.ofConfined();
                ConstantReader reader = source.openReader()) {
            for (Constant constant : source.constants()) {
                MemorySegment bytes = arena.allocate(constant.byteSize());
                long half = constant.byteSize() / 2;
                reader.read(constant, half, bytes.asSlice(half));
                reader.read(constant, 0, bytes.asSlice(0, half));
                all.put(constant.name(), list(bytes.toArray(ValueLayout.JAVA_BYTE)));
            }
        }
        return all;
    }

    static List<Byte> list(byte... bytes) {
        List<Byte> list = new ArrayList<>();
        for (byte each : bytes) {
            list.add(each);
        }
        return list;
    }
}
