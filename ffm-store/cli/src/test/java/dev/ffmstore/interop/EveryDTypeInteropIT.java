package dev.ffmstore.interop;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Every dtype of safetensors is to be what the format's own library, numpy and ml_dtypes read, as it is stored and
/// converted, all 256 values of each 8-bit float among them.
@Tag("interop")
class EveryDTypeInteropIT {
    private static final String SCRIPT = "every_dtype.py";

    @TempDir
    Path folder;

    @Test
    void numpyAndMlDtypesAgreeOnEveryDType() throws IOException {
        Path file = folder.resolve("all.safetensors");
        String tensors = Iree.script(SCRIPT, "write", file);
        Path stored = folder.resolve("stored.safetensors");
        Path f32 = folder.resolve("f32.safetensors");
        Path bf16 = folder.resolve("bf16.safetensors");
        Path arrays = folder.resolve("arrays");
        Launcher.export(file, stored, "stored");
        Launcher.export(file, f32, "F32");
        Launcher.export(file, bf16, "BF16");
        Launcher.export(file, arrays, "stored", "--format", "npy", "--exclude", "F4.*", "--exclude", "F6_*");

        assertThat(Iree.script(SCRIPT, "compare", file, stored, f32, bf16, arrays))
                .isEqualTo(tensors)
                .isEqualTo("60\n");
        assertThat(Launcher.run("diff", file, arrays, "--exclude", "F4.*", "--exclude", "F6_*")
                        .json()
                        .get("agrees"))
                .isEqualTo(true);
    }
}
