package dev.ffmstore.formats;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ffmstore.Model;
import dev.ffmstore.TensorForm;
import dev.ffmstore.TensorSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/// A damaged file is read as something, or refused with an `IOException` of one line that names it; nothing else.
class DamagedFilesPropertiesTest {
    @Property(tries = 1000)
    void safetensors(@ForAll long seed) throws IOException {
        String header = "{\"__metadata__\":{\"k\":\"v\"}," + WeightFiles.field("a", "F32", "[1,2]", 0, 8) + ","
                + WeightFiles.field("b", "BF16", "[]", 8, 10) + "}";
        tryDamaged("model.safetensors", WeightFiles.safetensors(header, new byte[10]), seed);
    }

    @Property(tries = 1000)
    void archives(@ForAll long seed) throws IOException {
        byte[] whole = WeightFiles.irpa()
                .data("a", new byte[] {1, 2, 3, 4})
                .splat("s", 6, (byte) 7, (byte) 8)
                .shared("t", 0, 4)
                .bytes();
        tryDamaged("model.irpa", Arrays.copyOf(whole, 512), seed);
    }

    @Property(tries = 1000)
    void arrays(@ForAll long seed) throws IOException {
        tryDamaged("a.npy", WeightFiles.npy("<f4", "(2, 1)", WeightFiles.floats(1, 2)), seed);
    }

    private static void tryDamaged(String name, byte[] bytes, long seed) throws IOException {
        Path folder = Files.createTempDirectory("ffm-store");
        Path file = folder.resolve(name);
        try {
            Files.write(file, damage(bytes, new Random(seed)));
            read(name.endsWith(".npy") ? folder : file);
        } catch (IOException e) {
            assertThat(e.getMessage()).contains(folder.toString()).doesNotContain("\n");
        } finally {
            Files.delete(file);
            Files.delete(folder);
        }
    }

    private static byte[] damage(byte[] bytes, Random random) {
        byte[] damaged = bytes.clone();
        for (int i = random.nextInt(4); i >= 0; i--) {
            damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
        }
        return random.nextInt(4) == 0 ? Arrays.copyOf(damaged, random.nextInt(damaged.length + 20)) : damaged;
    }

    private static void read(Path path) throws IOException {
        try (Model model = Model.open(path)) {
            TensorSource source = TensorSource.of(model, TensorForm.dense());
            source.tensors().forEach(constant -> assertThat(constant.byteSize()).isNotNegative());
            if (source.tensors().stream().allMatch(constant -> constant.byteSize() < 1 << 20)) {
                Dense.bytes(source);
            }
        }
    }
}
