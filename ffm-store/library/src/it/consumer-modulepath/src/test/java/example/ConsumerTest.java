package example;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ffmstore.Tensor;
import dev.ffmstore.TensorStore;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.lang.module.ModuleDescriptor;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConsumerTest {
    @TempDir
    Path folder;

    @Test
    void readsATensorFromTheModulePath() throws IOException {
        Module library = TensorStore.class.getModule();
        assertEquals("dev.ffmstore", library.getName());
        assertEquals("example.consumer", FirstValue.class.getModule().getName());
        assertTrue(library.isNativeAccessEnabled());

        Path file = TinyGguf.writeTo(folder);
        assertEquals(0.5f, FirstValue.of(file, "tiny"));
        try (TensorStore store = TensorStore.load(file)) {
            Tensor tensor = store.tensor("tiny");
            assertArrayEquals(new long[] {2, 4}, tensor.shape().toArray());
            assertEquals(7.5f, tensor.segment().getAtIndex(ValueLayout.JAVA_FLOAT, 7));
        }
    }

    @Test
    void onlyThePublicPackagesAreExported() {
        Set<String> exported = TensorStore.class.getModule().getDescriptor().exports().stream()
                .filter(export -> !export.isQualified())
                .map(ModuleDescriptor.Exports::source)
                .collect(Collectors.toSet());
        assertEquals(
                Set.of("dev.ffmstore", "dev.ffmstore.export", "dev.ffmstore.formats", "dev.ffmstore.mlir"), exported);
    }
}
