package dev.ffmstore.export;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ffmstore.DType;
import dev.ffmstore.DTypes;
import dev.ffmstore.LoadOptions;
import dev.ffmstore.TensorStore;
import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.gguf.Shape;
import dev.ffmstore.internal.gguf.GgufWriter;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoreBytesTest {
    @TempDir
    Path folder;

    @Test
    void aRangeMayReachIntoTheNextTensor() throws IOException {
        Path path = folder.resolve("two.gguf");
        GgufWriter writer =
                new GgufWriter(3).tensor("a", GgmlType.F32, Shape.of(3)).tensor("b", GgmlType.F32, Shape.of(2));
        ByteBuffer file = ByteBuffer.allocate((int) writer.fileSize()).order(ByteOrder.LITTLE_ENDIAN);
        file.put(writer.header());
        for (int i = 0; i < 5; i++) {
            long at = i < 3
                    ? writer.tensors().get(0).offset() + i * 4L
                    : writer.tensors().get(1).offset() + (i - 3) * 4L;
            file.putFloat((int) at, i + 1);
        }
        Files.write(path, file.array());
        LoadOptions options = LoadOptions.defaults().dtypes(DTypes.all(DType.F16));
        try (TensorStore store = TensorStore.load(path, options);
                Arena arena = Arena.ofConfined()) {
            StoreBytes bytes = new StoreBytes(store);
            MemorySegment all = arena.allocate(bytes.size());
            bytes.read(0, all);
            long second = store.plan().slots().getLast().offset();
            assertThat(all.get(ValueLayout.JAVA_SHORT, 0)).isEqualTo(Float.floatToFloat16(1));
            assertThat(all.get(ValueLayout.JAVA_SHORT, second)).isEqualTo(Float.floatToFloat16(4));
            MemorySegment some = arena.allocate(second);
            bytes.read(4, some);
            assertThat(some.get(ValueLayout.JAVA_SHORT, 0)).isEqualTo(Float.floatToFloat16(3));
            assertThat(some.get(ValueLayout.JAVA_SHORT, second - 4)).isEqualTo(Float.floatToFloat16(4));
        }
    }
}
