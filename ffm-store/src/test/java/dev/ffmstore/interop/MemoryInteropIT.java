package dev.ffmstore.interop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ffmstore.LoadPlan;
import dev.ffmstore.LoadOptions;
import dev.ffmstore.gguf.GgufFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/// What the kernel says of a process that does nothing but load a real model, with a heap of 32 MiB.
@Tag("interop")
@EnabledOnOs(OS.LINUX)
class MemoryInteropIT {
    private static final long MIB = 1 << 20;

    @Test
    void twentyLoadsAndClosesLeaveNothingBehind() throws IOException {
        List<Long> resident = residentAfterEach(RealModel.GEMMA3.file(), 20);
        assertThat(resident).hasSize(20);
        long third = resident.get(2);
        long last = resident.get(19);
        System.out.printf("resident after load and close: 3rd %,d, 20th %,d bytes%n", third, last);
        assertThat(last).isBetween(8 * MIB, third + 16 * MIB);
        try (GgufFile file = GgufFile.open(RealModel.GEMMA3.file())) {
            long dense = LoadPlan.of(file, LoadOptions.defaults()).denseBytes();
            assertThat(last).as("the tensors are gone").isLessThan(dense / 4);
        }
    }

    private static List<Long> residentAfterEach(Path model, int loads) throws IOException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        Command command = Command.run(List.of(
                java,
                "-Xmx32m",
                "-XX:+UseSerialGC",
                "--add-modules",
                "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                RepeatedLoads.class.getName(),
                model.toString(),
                Integer.toString(loads)));
        return command.outputOrFail().lines().map(Long::valueOf).toList();
    }
}
