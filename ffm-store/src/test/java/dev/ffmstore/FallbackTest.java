package dev.ffmstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The store in a JVM without any flag: no native access, no vector module. Run by a Surefire execution of its own.
@Tag("no-flags")
class FallbackTest {
    @TempDir
    Path folder;

    @Test
    void theJvmHasNoFlags() {
        assertThat(FallbackTest.class.getModule().isNativeAccessEnabled()).isFalse();
        assertThat(ModuleLayer.boot().findModule("jdk.incubator.vector")).isEmpty();
    }

    @Test
    void loadsIntoOrdinaryPages() throws IOException {
        for (TestModel model : List.of(TestModel.ofEveryType(), TestModel.large())) {
            try (TensorStore store = TensorStore.load(model.writeTo(folder))) {
                TensorStoreTest.assertHolds(store, model);
                assertThat(store.report().memory()).contains("ordinary pages");
                assertThat(store.report().decoder()).isEqualTo("scalar");
            }
        }
        // still nobody has made a restricted call, which would have flipped the answer
        assertThat(FallbackTest.class.getModule().isNativeAccessEnabled()).isFalse();
    }

    @Test
    void loadsIntoTheCallersArena() throws IOException {
        TestModel model = TestModel.large();
        try (Arena arena = Arena.ofShared();
                TensorStore store = TensorStore.load(
                        model.writeTo(folder), LoadOptions.defaults().arena(arena))) {
            TensorStoreTest.assertHolds(store, model);
            assertThat(store.tensor("first").segment().scope()).isEqualTo(arena.scope());
        }
    }

    @Test
    void saysWhichFlagVectorsNeed() {
        LoadOptions vector = LoadOptions.defaults().decoder(DecoderChoice.VECTOR);
        assertThatThrownBy(() -> TensorStore.load(TestModel.large().writeTo(folder), vector))
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessageContaining("--add-modules jdk.incubator.vector");
    }
}
