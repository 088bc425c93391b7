package dev.ffmstore.interop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ffmstore.Model;
import dev.ffmstore.TensorForm;
import dev.ffmstore.TensorPlan;
import dev.ffmstore.cli.Main;
import dev.ffmstore.fixtures.Json;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

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
        try (Model model = Model.open(RealModel.GEMMA3.file())) {
            long dense = TensorPlan.of(model, TensorForm.dense()).denseBytes();
            assertThat(last).as("the tensors are gone").isLessThan(dense / 4);
        }
    }

    @ParameterizedTest
    @EnumSource
    void loadTakesTheDenseSizeAndLittleMore(RealModel model) throws IOException {
        Path file = model.file();
        String json = run(Main.class, "load", "--json", file.toString());
        Map<String, Object> report = Json.lines(json).getFirst();
        long dense = number(report, "denseBytes");
        System.out.printf(
                "%s: heap peak %,d, VmHWM above dense %,d bytes%n",
                file.getFileName(), number(report, "heapPeakBytes"), number(report, "rssPeakBytes") - dense);
        assertThat(number(report, "heapPeakBytes")).isBetween(MIB, 24 * MIB);
        assertThat(number(report, "rssPeakBytes")).isBetween(dense, dense + 112 * MIB);
    }

    private static long number(Map<String, Object> report, String key) {
        return ((Number) report.get(key)).longValue();
    }

    private static List<Long> residentAfterEach(Path model, int loads) throws IOException {
        return run(RepeatedLoads.class, model.toString(), Integer.toString(loads))
                .lines()
                .map(Long::valueOf)
                .toList();
    }

    /// Runs a program in a JVM of its own, with the flags of the launcher.
    private static String run(Class<?> main, String... arguments) throws IOException {
        List<String> line = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx32m",
                "-XX:+UseSerialGC",
                "--add-modules",
                "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                main.getName()));
        line.addAll(List.of(arguments));
        return Command.run(line).outputOrFail();
    }
}
