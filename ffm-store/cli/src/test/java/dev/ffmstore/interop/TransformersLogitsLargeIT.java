package dev.ffmstore.interop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ffmstore.cli.report.Machine;
import dev.ffmstore.interop.Logits.Distance;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The logits of exported folders in the library transformers, against those of its own reading of the GGUF file,
/// with what both take: `-Pinterop-large`.
@Tag("interop")
class TransformersLogitsLargeIT {
    /// Ids that every vocabulary has, those of the smallest models in ../shared/cases among them.
    private static final String SHORT = "1,2,3,4,5,6,7";

    private static final String PROMPT = "1,2,3,400,500,600,777,888,999,1234,4321,20000";

    /// The largest difference, relative to the largest logit.
    private static final double TOLERANCE = 1e-5;

    @TempDir
    Path folder;

    private final List<String> table = new ArrayList<>(List.of(
            "| model | error | export | load and run | peak RSS | transformers alone | peak RSS |",
            "|---|---|---|---|---|---|---|"));

    private Distance compare(String name, Path model, String tokens) throws IOException {
        Path export = Files.createDirectory(folder.resolve("hf-" + name));
        Launcher.Report exported =
                Launcher.run("export", model, "-o", export.resolve("model.safetensors"), "--names", "hf");
        Logits ours = new Logits(folder.resolve(name + ".ours.npy"));
        Measured loaded = run(export, tokens, ours);
        Logits reference = new Logits(folder.resolve(name + ".reference.npy"));
        Measured alone = run(model, tokens, reference);
        Distance distance = ours.from(reference);
        table.add("| %s | %.1e | %.1f s, %,d MiB | %.1f s | %,d MiB | %.1f s | %,d MiB |"
                .formatted(
                        name,
                        distance.relativeError(),
                        exported.measured().seconds(),
                        exported.measured().peakRssBytes() >> 20,
                        loaded.seconds(),
                        loaded.peakRssBytes() >> 20,
                        alone.seconds(),
                        alone.peakRssBytes() >> 20));
        return distance;
    }

    private static Measured run(Path model, String tokens, Logits out) throws IOException {
        PythonEnvironment python = Transformers.withTorch();
        List<String> arguments = List.of(
                "-E",
                "-B",
                Places.scripts().resolve("hf_logits.py").toString(),
                model.toString(),
                tokens,
                out.file().toString());
        return Measured.run(python, python.python().toString(), arguments);
    }

    private void print() {
        Machine machine = Machine.current();
        System.out.printf(
                "transformers 5.24.0, PyTorch 2.13.0; %s, %d processors%n%s%n",
                machine.processor(), machine.processors(), String.join("\n", table));
    }

    @Test
    void realModels() throws IOException {
        Distance smolLm2 = compare("SmolLM2-135M", RealModel.SMOLLM2.file(), PROMPT);
        Distance gemma3 = compare("Gemma-3-270M", RealModel.GEMMA3.file(), PROMPT);
        print();
        assertThat(smolLm2.relativeError()).isLessThan(TOLERANCE);
        assertThat(gemma3.relativeError()).isLessThan(TOLERANCE);
    }

    /// A model of random weights for each architecture.
    @Test
    void tinyModels() throws IOException {
        Path cases = Places.shared().resolve("cases/F");
        List<Path> models;
        try (Stream<Path> files = Files.walk(cases)) {
            models = files.filter(file -> file.toString().endsWith(".gguf"))
                    .sorted()
                    .toList();
        }
        List<String> wrong = new ArrayList<>();
        for (Path model : models) {
            String name = Objects.requireNonNull(model.getFileName()).toString().replace(".gguf", "");
            try {
                if (!(compare(name, model, SHORT).relativeError() < TOLERANCE)) {
                    wrong.add(name);
                }
            } catch (IOException e) { // neither may be able to read it: say so, and go on
                String message = e.getMessage() == null ? "" : e.getMessage();
                table.add("| " + name + " | " + message.strip().lines().reduce("", (_, last) -> last) + " |");
            }
        }
        print();
        assertThat(wrong).isEmpty();
        assertThat(table).hasSizeGreaterThan(2);
    }

    /// The commands of the how-to, as they stand.
    @Test
    void theHowToSucceeds() throws IOException {
        Path document = Places.module().resolve("../../docs/how-to-transformers.md");
        String script = Pattern.compile("(?ms)^```sh\\n(.*?)^```$")
                .matcher(Files.readString(document))
                .results()
                .map((MatchResult found) -> found.group(1))
                .collect(Collectors.joining("\n"));
        Path bin = Files.createDirectory(folder.resolve("bin"));
        Path python = bin.resolve("python");
        Files.writeString(python, "#!/bin/sh\nexec " + Transformers.withTorch().python() + " -E -s -B \"$@\"\n");
        Files.setPosixFilePermissions(python, PosixFilePermissions.fromString("rwx------"));
        Path work = Files.createDirectory(folder.resolve("work"));
        Files.createSymbolicLink(work.resolve("model.gguf"), RealModel.SMOLLM2.file());
        String setUp = """
                set -eu
                cd '%s'
                export PATH='%s':'%s':"$PATH" HF_HUB_OFFLINE=1
                """.formatted(work, bin, Places.launcher().getParent());

        String printed = Command.run(List.of("sh", "-c", setUp + script)).outputOrFail();

        assertThat(printed)
                .contains("The capital of France is Paris")
                .contains("273 equal bit for bit")
                .contains("names           hf");
        assertThat(work.resolve("shards")).isDirectoryContaining("glob:**/model.safetensors.index.json");
    }
}
