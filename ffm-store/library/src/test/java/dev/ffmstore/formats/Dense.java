package dev.ffmstore.formats;

import dev.ffmstore.DTypes;
import dev.ffmstore.DecoderChoice;
import dev.ffmstore.Model;
import dev.ffmstore.TensorForm;
import dev.ffmstore.TensorReader;
import dev.ffmstore.TensorSlot;
import dev.ffmstore.TensorSource;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What a model gives, read whole.
final class Dense {
    private Dense() {}

    /// {@return the tensors of a file, as they are stored; nobody closes it}
    static TensorSource source(Path path) throws IOException {
        return TensorSource.of(Model.open(path), TensorForm.dense().dtypes(DTypes.stored()), DecoderChoice.SCALAR);
    }

    /// {@return all bytes by the name, in the source's order; read in two parts, so that offsets count}
    static Map<String, List<Byte>> bytes(TensorSource source) throws IOException {
        Map<String, List<Byte>> all = new LinkedHashMap<>();
        try (Arena arena = Arena.ofConfined();
                TensorReader reader = source.reader()) {
            for (TensorSlot tensor : source.tensors()) {
                MemorySegment bytes = arena.allocate(tensor.byteSize());
                long half = tensor.byteSize() / 2;
                reader.read(tensor, half, bytes.asSlice(half));
                reader.read(tensor, 0, bytes.asSlice(0, half));
                all.put(tensor.name(), list(bytes.toArray(ValueLayout.JAVA_BYTE)));
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
