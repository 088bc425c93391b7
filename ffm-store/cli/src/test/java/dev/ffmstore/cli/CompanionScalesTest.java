package dev.ffmstore.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ffmstore.ScaledModel;
import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.gguf.Shape;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What the commands say of companion scales.
class CompanionScalesTest {
    @TempDir
    Path folder;

    private Path sound;
    private Path malformed;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @BeforeEach
    void writeModels() throws IOException {
        sound = write(
                "sound.gguf",
                new ScaledModel()
                        .weight("a.weight", GgmlType.NVFP4, 2, 64)
                        .floats("a.scale", GgmlType.F32, Shape.of(1), 0.1f)
                        .weight("b.weight", GgmlType.NVFP4, 2, 64)
                        .floats("b.weight.scale", GgmlType.F16, Shape.of(), 2f));
        malformed = write(
                "malformed.gguf",
                new ScaledModel()
                        .weight("a.weight", GgmlType.NVFP4, 2, 64)
                        .floats("a.scale", GgmlType.F32, Shape.of(2), 1f, 2f));
    }

    private Path write(String name, ScaledModel model) throws IOException {
        return Files.write(folder.resolve(name), model.build().bytes());
    }

    private String outputOf(String... args) {
        out.getBuffer().setLength(0);
        assertThat(run(args)).as(err.toString()).isEqualTo(Main.OK);
        return out.toString();
    }

    private int run(String... args) {
        return Main.run(new PrintWriter(out), new PrintWriter(err), args);
    }

    @Test
    void inspectShowsThem() {
        assertThat(outputOf("inspect", sound.toString()).lines())
                .anyMatch(line -> line.contains("a.weight") && line.contains("a.scale"))
                .anyMatch(line -> line.contains("b.weight") && line.contains("b.weight.scale"))
                .contains("warning: companion scales are beside a.weight and 1 more: they are applied with"
                        + " --apply-scales only");
        assertThat(outputOf("inspect", "--json", sound.toString()))
                .contains("\"companionScale\":\"a.scale\"", "\"companionScale\":\"b.weight.scale\"");
    }

    @Test
    void inspectWarnsOfMalformedOnes() {
        assertThat(outputOf("inspect", malformed.toString()))
                .contains("warning: companion scales are beside a.weight: they")
                .contains("warning: tensor a.weight: companion scale a.scale: expected 1 element of type F32, F16 or"
                        + " BF16, got 2 of type F32");
    }

    @Test
    void planCountsThem() {
        assertThat(outputOf("plan", sound.toString()))
                .contains("companion scales: 2; load applies them with --apply-scales");
        assertThat(outputOf("plan", "--json", "--include", "a.*", sound.toString()))
                .contains("\"companionScales\":1");
    }

    @Test
    void loadSaysWhatItDid() {
        String file = sound.toString();
        assertThat(outputOf("load", file)).contains("companion scales: 2 not applied; --apply-scales applies them");
        assertThat(outputOf("load", "--json", file)).contains("\"scaledTensors\":0,\"unappliedScales\":2");
        assertThat(outputOf("load", "--json", "--no-apply-scales", file))
                .contains("\"scaledTensors\":0,\"unappliedScales\":2");
        assertThat(outputOf("load", "--apply-scales", file))
                .contains("companion scales: 2 applied")
                .doesNotContain("not applied");
        assertThat(outputOf("load", "--json", "--apply-scales", file))
                .contains("\"scaledTensors\":2,\"unappliedScales\":0");
        assertThat(err.toString()).isEmpty();
    }

    @Test
    void loadRefusesMalformedOnesOnlyIfItIsToApplyThem() {
        assertThat(run("load", "--apply-scales", malformed.toString())).isEqualTo(Main.FAILED);
        assertThat(out.toString()).isEmpty();
        assertThat(err.toString()).startsWith("ffm-store: " + malformed + ": tensor a.weight: companion scale a.scale");
        assertThat(outputOf("load", malformed.toString())).contains("companion scales: 1 not applied");
    }
}
