package dev.ffmstore.bench.report;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.ffmstore.bench.run.ChildJvm;
import dev.ffmstore.bench.run.Json;
import dev.ffmstore.bench.run.JsonReport;
import dev.ffmstore.bench.run.Progress;
import dev.ffmstore.cli.report.Machine;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// Runs the whole suite, or renders what an earlier run found.
///
/// ```text
/// java -jar bench/target/benchmarks.jar report --model model.gguf
/// java -jar bench/target/benchmarks.jar report --from docs/benchmarks/results.json
/// ```
///
/// Each [Part] is another command of this program with `--json`, run in a process of its own, one after the other.
/// All results go into `results.json`, which is written anew after each part, and from there into `README.md` and
/// the plots.
@Command(
        name = "report",
        description =
                "Run the suite, write results.json, and render it as Markdown with plots. Takes up to 25 minutes on"
                        + " 2 processors and wants a quiet machine.")
public final class Report implements Callable<Integer> {
    /// The parts of the suite.
    enum Part {
        WHOLE_LOAD_2(true, "whole-load", "--threads=2", "--repeat=9"),
        WHOLE_LOAD_1(true, "whole-load", "--threads=1", "--repeat=5"),
        COLD_START(true, "cold-start", "--repeat=9", "--uncached=3"),
        MEMORY_TABLE(true, "memory-table"),
        PEERS(true, "peers"),
        SCALING(false, "scaling"),
        KERNELS(false, "kernels", "--repeat=9");

        private final boolean takesModel;
        private final String command;
        private final List<String> options;

        Part(boolean takesModel, String command, String... options) {
            this.takesModel = takesModel;
            this.command = command;
            this.options = List.of(options);
        }

        /// {@return the name of the part in the results}
        String key() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }

        /// Returns the options for the least work that fills every table and plot, to test this program and not the
        /// machine.
        private List<String> quickOptions() {
            return switch (this) {
                case WHOLE_LOAD_2 -> List.of("--threads=2", "--repeat=1");
                case WHOLE_LOAD_1 -> List.of("--threads=1", "--repeat=1");
                case COLD_START -> List.of("--repeat=1", "--uncached=1");
                case MEMORY_TABLE -> List.of("--xmx=32m", "--threads=2", "--collector=serial");
                case PEERS -> List.of("--no-bisect", "--small-layers=0", "--small-words=1024");
                case SCALING -> List.of("--layers=0", "--vocabulary=4096", "--tensors=500", "--repeat=1");
                case KERNELS -> List.of("--type=Q8_0,Q4_K", "--repeat=1", "--stream-mib=16");
            };
        }
    }

    @Option(names = "--model", description = "A GGUF file; the one to quote is the demo model.")
    private @Nullable Path model;

    @Option(names = "--from", description = "Only render these results.")
    private @Nullable Path from;

    @Option(
            names = "--out",
            defaultValue = "docs/benchmarks",
            description = "The folder that is written (default: ${DEFAULT-VALUE}).")
    private Path folder = Path.of("");

    @Option(names = "--part", split = ",", description = "Only these (default: all): ${COMPLETION-CANDIDATES}.")
    private List<Part> parts = List.of(Part.values());

    @Option(names = "--quick", description = "Measure next to nothing: to see whether all of it works.")
    private boolean quick;

    @Option(names = "--launcher", description = "The ffm-store command; passed on to cold-start.")
    private @Nullable Path launcher;

    @Option(names = "--python", description = "A Python that has gguf; passed on to peers.")
    private @Nullable Path python;

    @Spec
    private CommandSpec command = CommandSpec.create();

    @Override
    public Integer call() throws Exception {
        Path chosen = model;
        Path results = from;
        if ((chosen == null) == (results == null)) {
            throw new ParameterException(command.commandLine(), "expected either --model or --from");
        }
        Files.createDirectories(folder);
        Map<Part, String> failures = new EnumMap<>(Part.class);
        if (results == null && chosen != null) {
            results = folder.resolve("results.json");
            failures = measure(chosen, results);
        }
        List<Path> written = new ReportPage(Json.parse(Files.readString(results))).writeTo(folder);
        PrintWriter out = command.commandLine().getOut();
        written.forEach(out::println);
        failures.forEach((part, failure) -> out.println(part.key() + " failed: " + failure));
        out.flush();
        return failures.isEmpty() ? 0 : 1;
    }

    private Map<Part, String> measure(Path chosen, Path results) throws Exception {
        Map<Part, String> failures = new EnumMap<>(Part.class);
        Map<Part, Json> found = new EnumMap<>(Part.class);
        Instant started = Instant.now();
        String sha256 = sha256(chosen);
        for (Part part : parts) {
            Progress.say("[" + (found.size() + failures.size() + 1) + "/" + parts.size() + "] " + part.key());
            try {
                found.put(part, run(part, chosen));
            } catch (IOException failure) {
                Progress.say(part.key() + " failed: " + failure.getMessage());
                failures.put(part, String.valueOf(failure.getMessage()));
            }
            try (PrintWriter out = new PrintWriter(Files.newBufferedWriter(results))) {
                JsonReport.print(out, json -> write(json, chosen, sha256, started, found, failures));
            }
        }
        return failures;
    }

    /// Runs a part in a JVM of its own, whose progress appears on stderr.
    private Json run(Part part, Path chosen) throws IOException, InterruptedException {
        List<String> arguments = new ArrayList<>(List.of(part.command, "--json"));
        arguments.addAll(quick ? part.quickOptions() : part.options);
        if (part.takesModel) {
            arguments.add("--model=" + chosen);
        }
        if (part == Part.COLD_START && launcher != null) {
            arguments.add("--launcher=" + launcher);
        }
        if (part == Part.PEERS && python != null) {
            arguments.add("--python=" + python);
        }
        Path out = Files.createTempFile("ffm-store-part", ".json");
        try {
            Process process = ChildJvm.ofThisProgram(command, List.of("-Xmx512m"), arguments)
                    .process()
                    .redirectOutput(out.toFile())
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            int status;
            try {
                status = process.waitFor();
            } finally {
                process.destroy();
            }
            String text = Files.readString(out);
            if (text.isBlank()) {
                throw new IOException("exit status " + status + ", and nothing on stdout");
            }
            // what a part says about a failure may hold the path, but the results are for everyone
            return Json.parse(
                    text.replace(chosen.toString(), chosen.getFileName().toString()));
        } finally {
            Files.delete(out);
        }
    }

    private void write(
            JsonGenerator out,
            Path chosen,
            String sha256,
            Instant started,
            Map<Part, Json> found,
            Map<Part, String> failures)
            throws IOException {
        out.writeStringField("started", started.truncatedTo(ChronoUnit.SECONDS).toString());
        out.writeNumberField("minutes", started.until(Instant.now(), ChronoUnit.SECONDS) / 60.0);
        out.writeBooleanField("quick", quick);
        out.writeStringField("model", chosen.getFileName().toString());
        out.writeNumberField("modelBytes", Files.size(chosen));
        out.writeStringField("modelSha256", sha256);
        JsonReport.machine(out, Machine.current());
        out.writeObjectFieldStart("parts");
        for (Map.Entry<Part, Json> part : found.entrySet()) {
            out.writeFieldName(part.getKey().key());
            Json.write(out, part.getValue());
        }
        out.writeEndObject();
        out.writeObjectFieldStart("failures");
        for (Map.Entry<Part, String> failure : failures.entrySet()) {
            out.writeStringField(failure.getKey().key(), failure.getValue());
        }
        out.writeEndObject();
    }

    private static String sha256(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            byte[] buffer = new byte[1 << 20];
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                digest.update(buffer, 0, count);
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every JDK has it
        }
    }
}
