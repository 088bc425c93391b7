package dev.ffmstore.interop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ffmstore.cli.report.Machine;
import dev.ffmstore.interop.ForwardPass.Result;
import dev.ffmstore.interop.ForwardPass.Step;
import dev.ffmstore.interop.Logits.Distance;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A model of TinyLlama's shape by every way, with what each step takes: two layers of it, or all with
/// `-Pinterop-large`.
@Tag("interop")
class DemoForwardInteropIT {
    private static final int LAYERS = Integer.getInteger("ffmstore.demoLayers", 2);
    private static final List<Integer> PROMPT =
            List.of(1, 450, 7483, 310, 3444, 338, 3681, 29889, 450, 7483, 310, 9556);
    private static final long MIB = 1 << 20;

    /// What a machine for continuous integration has, less what its system takes.
    private static final long MACHINE_BYTES = 15L << 30;

    @TempDir
    Path folder;

    @Test
    void everyWayFitsTheMachineAndGivesNumpysLogits() throws IOException {
        ForwardPass pass = new ForwardPass(demoModel(), PROMPT, folder);
        Logits reference = pass.reference();
        List<Result> results = new ArrayList<>();
        for (Way way : Way.values()) {
            results.add(pass.go(way));
        }

        Machine machine = Machine.current();
        System.out.printf(
                "TinyLlama's shape, %d layers; %s, %d processors, %.0f GiB%n%s",
                LAYERS,
                machine.processor(),
                machine.processors(),
                machine.memoryBytes() / 0x1p30,
                ForwardPass.table(results));
        Logits irpa = results.getFirst().logits();
        for (Result result : results) {
            Distance distance = result.logits().from(reference);
            System.out.println(result.way() + ": " + distance);
            assertThat(distance.positions()).isEqualTo(PROMPT.size());
            assertThat(distance.relativeError()).as(result.way().toString()).isLessThan(1e-4);
            assertThat(result.logits().from(irpa).relativeError())
                    .as(result.way().toString())
                    .isLessThan(1e-5);
            for (Step step : result.steps()) {
                assertThat(step.measured().peakRssBytes())
                        .as(result.way() + ", " + step.name())
                        .isBetween(MIB, MACHINE_BYTES);
                step.heapPeakBytes().ifPresent(heap -> assertThat(heap).isBetween(MIB, 32 * MIB));
            }
        }
        assertThat(results.get(1).logits().from(irpa).identical()).isTrue();
    }

    private static Path demoModel() throws IOException {
        Map<String, ?> made = Launcher.run("demo", "--layers", LAYERS, "--cache-dir", Places.cache())
                .json();
        assertThat(made.get("layers")).isEqualTo(BigInteger.valueOf(LAYERS));
        return Places.cache().resolve((String) made.get("file"));
    }
}
