package dev.ffmstore.bench.peers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ffmstore.bench.run.SyntheticModel;
import dev.ffmstore.ggml.BlockDecoders;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RivalTest {
    @TempDir
    Path folder;

    @Test
    void everyOneLoadsTheSameElements() throws Exception {
        String agreed = "";
        for (Rival rival : List.of(
                Peer.OURS.rival(),
                Peer.OURS_SCALAR.rival(),
                new RegionRival(() -> BlockDecoders.scalar()::of),
                Peer.FLOAT_ARRAYS.rival(),
                Peer.ELEMENTS.rival(),
                Peer.BOXED.rival())) {
            Path file = SyntheticModel.layers(0, 64).writeTo(folder.resolve("peers.gguf"));
            try (Rival.Loaded loaded = rival.load(file, 2)) {
                assertThat(loaded.tensorCount()).isEqualTo(3);
                assertThat(loaded.elementCount(0)).isEqualTo(64 * 2048);
                assertThat(loaded.element(1, 2047)).isEqualTo(1 + 255 * 0x1p-12f);
                String all = elements(loaded);
                assertThat(all).isEqualTo(agreed.isEmpty() ? all : agreed);
                agreed = all;
            }
        }
    }

    /// Each element of every tensor, in one checksum.
    private static String elements(Rival.Loaded loaded) {
        long sum = 1;
        for (int tensor = 0; tensor < loaded.tensorCount(); tensor++) {
            for (long i = 0; i < loaded.elementCount(tensor); i++) {
                sum = 31 * sum + Float.floatToRawIntBits(loaded.element(tensor, i));
            }
        }
        return Long.toHexString(sum);
    }
}
