package dev.ffmstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.gguf.Shape;
import dev.ffmstore.gguf.Source;
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

    /// Two tensors, of 1, 2, 3 and of 4, 5, as halves.
    private TensorStore two() throws IOException {
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
        return TensorStore.load(path, TensorForm.dense().dtypes(DTypes.all(DType.F16)), LoadOptions.defaults());
    }

    @Test
    void aRangeMayReachIntoTheNextTensor() throws IOException {
        try (TensorStore store = two();
                Arena arena = Arena.ofConfined()) {
            Source bytes = store.model().source(0);
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

    @Test
    void aRangeOfOneTensorCanBeViewed() throws IOException {
        try (TensorStore store = two()) {
            Source bytes = store.model().source(0);
            MemorySegment a = store.tensor("a").segment();
            long second = store.plan().slots().getLast().offset();
            assertThat(bytes.view(0, 6)).contains(a);
            assertThat(bytes.view(2, 4)).contains(a.asSlice(2));
            assertThat(bytes.view(second, 4)).contains(store.tensor("b").segment());
            assertThat(bytes.view(4, second)).isEmpty(); // of both
            assertThat(bytes.view(6, 2)).isEmpty(); // of none
            assertThatThrownBy(() -> bytes.view(second, 5)).isInstanceOf(IndexOutOfBoundsException.class);
        }
    }

    @Test
    void aClosedStoreIsNotUnchanged() throws IOException {
        Model model;
        try (TensorStore store = two()) {
            model = store.model();
            model.checkUnchanged();
        }
        assertThatThrownBy(model::checkUnchanged)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("two.gguf: this store has been closed");
    }
}
