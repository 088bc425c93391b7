package dev.ffmstore.bench.report;

import dev.ffmstore.bench.peers.Peer;
import dev.ffmstore.bench.run.ChildJvm;
import dev.ffmstore.bench.run.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/// The results of a run as a page of Markdown, with its plots beside it. A part that was not run is left out; for
/// one that failed, the page says so.
///
/// @param results the results that [Report] wrote
record ReportPage(Json results) {
    private static final double MEBIBYTE = 1 << 20;
    private static final double MOST_ABOVE_DENSE_MIB = 96;

    /// Writes the page, and the plots for which there are results.
    ///
    /// @return the files that were written
    List<Path> writeTo(Path folder) throws IOException {
        List<Path> files = new ArrayList<>();
        StringBuilder page = new StringBuilder();
        head(page);
        goals(page);
        part("whole-load-2").ifPresent(json -> wholeLoad(page, json));
        part("whole-load-1").ifPresent(json -> wholeLoad(page, json));
        Optional<Json> coldStart = part("cold-start");
        if (coldStart.isPresent()) {
            coldStart(page, coldStart.get());
            files.add(folder.resolve("cold-and-warm.svg"));
            Plots.coldAndWarm("ffm-store load, cold and warm", coldStart.get().objects("rows"), files.getLast());
        }
        Optional<Json> peers = part("peers");
        if (peers.isPresent()) {
            files.addAll(peers(page, peers.get(), folder));
        }
        part("memory-table").ifPresent(json -> memoryTable(page, json));
        part("scaling").ifPresent(json -> scaling(page, json));
        Optional<Json> kernels = part("kernels");
        if (kernels.isPresent()) {
            files.addAll(kernels(page, kernels.get(), folder));
        }
        Path file = folder.resolve("README.md");
        Files.writeString(file, page);
        files.addFirst(file);
        return files;
    }

    private Optional<Json> part(String key) {
        Json parts = results.object("parts");
        return parts.has(key) ? Optional.of(parts.object(key)) : Optional.empty();
    }

    private void head(StringBuilder page) {
        Json machine = results.object("machine");
        page.append("# Benchmarks\n\n");
        if ((boolean) results.fields().get("quick")) {
            page.append("**A quick run: it shows that the harness works. Its numbers mean nothing.**\n\n");
        }
        page.append(format(
                "One run of `report` (see [bench](../../bench/README.md)), begun %s, %.0f minutes."
                        + " Everything here is rendered from [results.json](results.json). GB/s are 10⁹ bytes of dense"
                        + " output a second.\n\n",
                results.text("started"), results.number("minutes")));
        Table table = new Table("what", "");
        table.row("machine", machine.text("processor") + ", " + machine.text("os"));
        table.row("processors, memory", machine.text("processors") + ", " + mebibytes(machine, "memoryBytes") + " MiB");
        table.row("JVM", machine.text("jvm"));
        table.row("JVM flags", "`" + ChildJvm.LIBRARY_FLAGS.getFirst() + " " + ChildJvm.LIBRARY_FLAGS.getLast() + "`");
        table.row("model", results.text("model") + ", " + results.text("modelBytes") + " bytes");
        table.row("its SHA-256", "`" + results.text("modelSha256") + "`");
        results.object("failures").fields().forEach((part, failure) -> table.row("**failed**", part + ": " + failure));
        page.append(table);
    }

    private void goals(StringBuilder page) {
        Table table = new Table("goal", "measured", "verdict");
        part("whole-load-2").flatMap(json -> pass(json, "load, vector")).ifPresent(load -> {
            double share = load.number("medianShareOfBestFill");
            goal(table, "whole load, 2 threads: at least 0.90 of the fill", format("%.2f", share), share >= 0.90);
        });
        part("cold-start").ifPresent(json -> coldStartGoals(table, json));
        part("peers").ifPresent(json -> ggmlGoal(table, json));
        part("memory-table").ifPresent(json -> memoryGoals(table, json));
        part("scaling").ifPresent(json -> {
            Json many = json.object("manyTensors");
            double ratio = many.number("medianSeconds") / many.number("medianSecondsInOne");
            goal(
                    table,
                    many.text("tensors") + " tensors: at most 2× the time of one",
                    format("%.2f×", ratio),
                    ratio <= 2);
        });
        if (table.hasRows()) {
            page.append("## Goals\n\n").append(table);
        }
    }

    private static void goal(Table table, String goal, String measured, boolean met) {
        table.row(goal, measured, met ? "met" : "**missed**");
    }

    private static void coldStartGoals(Table table, Json json) {
        for (Json row : json.objects("rows")) {
            if (row.text("pageCache").equals("warm")) {
                double process = row.number("medianProcessSeconds");
                double ratio = row.number("medianFirstPassSeconds") / row.number("steadySeconds");
                String decoder = row.text("decoder");
                goal(
                        table,
                        "`ffm-store load`, " + decoder + ": at most 1.0 s",
                        format("%.2f s", process),
                        process <= 1);
                goal(
                        table,
                        "first pass, " + decoder + ": at most 2× the steady one",
                        format("%.1f×", ratio),
                        ratio <= 2);
            }
        }
    }

    private static void ggmlGoal(Table table, Json json) {
        Optional<Double> ours = steady(json, Peer.OURS);
        Optional<Double> ggml = steady(json, Peer.GGML_NATIVE);
        if (ours.isPresent() && ggml.isPresent()) {
            goal(
                    table,
                    "whole load: faster than ggml's native kernels driven by the same workers",
                    format("%.3f s against %.3f s", ours.get(), ggml.get()),
                    ours.get() < ggml.get());
        }
    }

    private static Optional<Double> steady(Json json, Peer peer) {
        return json.objects("rows").stream()
                .filter(row -> row.text("peer").equals(peer.label()) && row.has("steadySeconds"))
                .findFirst()
                .flatMap(row -> row.find("steadySeconds"));
    }

    private static void memoryGoals(Table table, Json json) {
        List<Json> rows = json.objects("rows");
        List<Json> small =
                rows.stream().filter(row -> row.text("xmx").equals("16m")).toList();
        long passed = small.stream().filter(ReportPage::passed).count();
        if (!small.isEmpty()) {
            goal(table, "`-Xmx16m` passes in every mode", passed + " of " + small.size(), passed == small.size());
        }
        rows.stream()
                .flatMap(row -> row.find("rssPeakAboveDenseBytes").stream())
                .max(Comparator.naturalOrder())
                .ifPresent(most -> goal(
                        table,
                        format("VmHWM at most dense + %.0f MiB in every mode", MOST_ABOVE_DENSE_MIB),
                        format("at most + %.1f MiB", most / MEBIBYTE),
                        most / MEBIBYTE <= MOST_ABOVE_DENSE_MIB));
    }

    private static Optional<Json> pass(Json json, String name) {
        return json.objects("passes").stream()
                .filter(pass -> pass.text("pass").equals(name))
                .findFirst();
    }

    private static boolean passed(Json row) {
        return (boolean) row.fields().get("passed");
    }

    private static void wholeLoad(StringBuilder page, Json json) {
        page.append(format(
                "## Whole load, threads: %s\n\nFresh memory each time, one process, taking turns; medians of %s rounds in"
                        + " huge pages. The fills are the limit; *read, memset* reads the file and decodes nothing.\n\n",
                json.text("threads"), json.text("repeat")));
        Table table = new Table("pass", "seconds", "GB/s", "share of the best fill");
        for (Json pass : json.objects("passes")) {
            table.row(
                    pass.text("pass"),
                    format("%.3f", pass.number("medianSeconds")),
                    format("%.1f", pass.number("medianGigabytesPerSecond")),
                    pass.find("medianShareOfBestFill")
                            .map(share -> format("%.2f", share))
                            .orElse(""));
        }
        page.append(table);
    }

    private static void coldStart(StringBuilder page, Json json) {
        page.append(format(
                "## Cold start\n\n`ffm-store load`, threads: %s, from exec to exit, medians of so many processes. The first"
                        + " pass is what the command itself reports; the steady one is a median in a JVM that loads"
                        + " again and again, page cache warm.\n\n",
                json.text("threads")));
        Table table = new Table("decoder", "page cache", "processes", "exec to exit, s", "first pass, s", "steady, s");
        for (Json row : json.objects("rows")) {
            table.row(
                    row.text("decoder"),
                    row.text("pageCache"),
                    Integer.toString(row.numbers("processSeconds").size()),
                    format("%.2f", row.number("medianProcessSeconds")),
                    format("%.2f", row.number("medianFirstPassSeconds")),
                    format("%.2f", row.number("steadySeconds")));
        }
        page.append(table).append("![Cold and warm passes](cold-and-warm.svg)\n\n");
    }

    private static List<Path> peers(StringBuilder page, Json json, Path folder) throws IOException {
        page.append(format(
                "## Peers\n\nThreads: %s where there is a choice. Each in a process of its own; the time is that of the first"
                        + " load in it, from opening the file to the last element; the steady time that of the third and"
                        + " later. ggml's decoders are driven by our workers, reads and memory. The sample is a checksum of"
                        + " 64 elements a tensor: equal for loaders that agree.\n\n",
                json.text("threads")));
        List<Json> rows = json.objects("rows");
        List<Path> files = new ArrayList<>();
        for (String model :
                rows.stream().map(row -> row.text("model")).distinct().toList()) {
            List<Json> of =
                    rows.stream().filter(row -> row.text("model").equals(model)).toList();
            page.append(format("%s, %s MiB dense:\n\n", model, mebibytes(of.getFirst(), "denseBytes")));
            page.append(peerTable(of));
            List<Json> ran = of.stream().filter(ReportPage::passed).toList();
            if (!ran.isEmpty()) {
                String name = files.isEmpty() ? "memory-over-time.svg" : "memory-over-time-small.svg";
                files.add(folder.resolve(name));
                Plots.memoryOverTime("Memory over time: " + model, ran, files.getLast());
                page.append("![Memory over time](").append(name).append(")\n\n");
            }
        }
        boxed(rows).ifPresent(sentence -> page.append(sentence).append("\n\n"));
        return files;
    }

    private static Table peerTable(List<Json> rows) {
        Table table = new Table(
                "loader",
                "heap it had",
                "smallest -Xmx",
                "peak RSS, MiB",
                "with the smallest",
                "s",
                "GB/s",
                "steady, s",
                "sample");
        for (Json row : rows) {
            if (!passed(row)) {
                table.row(row.text("peer"), row.text("failure"), "", "", "", "", "", "", "");
                continue;
            }
            table.row(
                    row.text("peer"),
                    row.text("heap"),
                    row.find("smallestXmxMebibytes")
                            .map(xmx -> format("%.0f MiB", xmx))
                            .orElse(""),
                    row.has("rssPeakBytes") ? mebibytes(row, "rssPeakBytes") : "",
                    row.has("withSmallestXmx") && row.object("withSmallestXmx").has("rssPeakBytes")
                            ? mebibytes(row.object("withSmallestXmx"), "rssPeakBytes")
                            : "",
                    format("%.2f", row.number("seconds")),
                    format("%.2f", row.number("denseBytes") / row.number("seconds") / 1e9),
                    row.find("steadySeconds").map(s -> format("%.2f", s)).orElse(""),
                    "`" + row.text("sample") + "`");
        }
        return table;
    }

    /// Says what the boxed loader would take for the model that the others loaded.
    private static Optional<String> boxed(List<Json> rows) {
        double dense = rows.getFirst().number("denseBytes");
        return rows.stream()
                .filter(row -> row.text("peer").equals(Peer.BOXED.label()) && row.has("smallestXmxMebibytes"))
                .findFirst()
                .map(row -> {
                    double factor = row.number("smallestXmxMebibytes") * MEBIBYTE / row.number("denseBytes");
                    return format(
                            "The boxed loader got a small model of the same shapes, so that it ends. Its smallest heap is"
                                    + " %.1f times the dense size; **extrapolated, not measured**: %.0f GiB for %s.",
                            factor, factor * dense / (1 << 30), rows.getFirst().text("model"));
                });
    }

    private static void memoryTable(StringBuilder page, Json json) {
        page.append(
                "## Memory under every mode\n\nEach row a fresh JVM. *Ordinary pages* is the same mapping in a process to"
                        + " which the kernel gives no huge pages, *fallback* a JVM without native access. The heap's peak is the sum"
                        + " of the peaks of its pools.\n\n");
        Table table = new Table(
                "memory",
                "decoder",
                "-Xmx",
                "threads",
                "collector",
                "heap peak, MiB",
                "allocated, MiB",
                "collections",
                "VmHWM − dense, MiB",
                "s");
        for (Json row : json.objects("rows")) {
            boolean passed = passed(row);
            table.row(
                    row.text("memory"),
                    row.text("decoder"),
                    row.text("xmx"),
                    row.text("threads"),
                    row.text("collector"),
                    passed ? mebibytes(row, "heapPeakBytes") : "**failed**: " + row.text("failure"),
                    passed ? mebibytes(row, "allocatedBytes") : "",
                    passed ? row.text("collections") : "",
                    row.has("rssPeakAboveDenseBytes") ? mebibytes(row, "rssPeakAboveDenseBytes") : "",
                    passed ? format("%.2f", row.number("seconds")) : "");
        }
        page.append(table);
    }

    private static void scaling(StringBuilder page, Json json) {
        page.append(format(
                "## Scaling\n\nTinyLlama's shape with more and fewer layers (it has 22), vector decoders, threads: %s.\n\n",
                json.text("threads")));
        Table table = new Table("layers", "dense, MiB", "seconds", "GB/s", "share of the best fill");
        for (Json row : json.objects("layers")) {
            boolean ran = row.has("medianSeconds");
            table.row(
                    row.text("layers"),
                    mebibytes(row, "denseBytes"),
                    ran ? format("%.3f", row.number("medianSeconds")) : row.text("failure"),
                    ran ? format("%.1f", row.number("medianGigabytesPerSecond")) : "",
                    ran ? format("%.2f", row.number("medianShareOfBestFill")) : "");
        }
        Json many = json.object("manyTensors");
        page.append(table)
                .append(format(
                        "%s tensors of %s elements take %.3f s, opening, parsing and looking each up included; the same"
                                + " elements in one tensor take %.3f s.\n\n",
                        many.text("tensors"),
                        many.text("elements"),
                        many.number("medianSeconds"),
                        many.number("medianSecondsInOne")));
    }

    private static List<Path> kernels(StringBuilder page, Json json, Path folder) throws IOException {
        page.append(format(
                "## Kernels\n\nOne thread, GB/s, medians of %s rounds in which all took turns on the same segments. *cached*:"
                        + " %s KiB that stay in the cache; *streamed*: %s MiB. The ceiling is the best of the fills.\n\n",
                json.text("repeat"),
                format("%.0f", json.number("cachedBytes") / 1024),
                mebibytes(json, "streamedBytes")));
        json.object("notRun")
                .fields()
                .forEach((contender, reason) -> page.append(format("%s: not run: %s\n\n", contender, reason)));
        List<Json> rows = json.objects("results");
        List<Path> files = new ArrayList<>();
        List<String> columns = List.of("scalar", "vector", "ggml-shipped", "ggml-native", "ceiling");
        for (String memory :
                rows.stream().map(row -> row.text("memory")).distinct().toList()) {
            List<Json> of = rows.stream()
                    .filter(row -> row.text("memory").equals(memory))
                    .toList();
            Table table = new Table(
                    Stream.of(List.of("type"), columns, List.of("B/block, scalar", "B/block, vector", "vector is"))
                            .flatMap(List::stream)
                            .toArray(String[]::new));
            for (Json row : of) {
                List<String> cells = new ArrayList<>(List.of(row.text("type")));
                columns.forEach(column -> cells.add(row.object("gigabytesPerSecond")
                        .find(column)
                        .map(speed -> format("%.1f", speed))
                        .orElse("–")));
                cells.add(format("%.2f", row.object("bytesPerBlock").number("scalar")));
                cells.add(format("%.2f", row.object("bytesPerBlock").number("vector")));
                cells.add(row.text("verdict"));
                table.row(cells.toArray(String[]::new));
            }
            page.append("### ").append(memory).append("\n\n").append(table);
            files.add(folder.resolve("kernels-" + memory + ".svg"));
            Plots.throughput("Decoders by type, one thread, output " + memory, of, files.getLast());
            page.append(format("![Throughput by type](kernels-%s.svg)\n\n", memory));
        }
        return files;
    }

    private static String mebibytes(Json row, String field) {
        return format("%.1f", row.number(field) / MEBIBYTE);
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }

    /// A table in Markdown.
    private static final class Table {
        private final int columns;
        private final StringBuilder text = new StringBuilder();
        private boolean hasRows;

        Table(String... titles) {
            columns = titles.length;
            line(titles);
            text.append("|---".repeat(columns)).append("|\n");
        }

        void row(String... cells) {
            if (cells.length != columns) {
                throw new IllegalArgumentException("expected " + columns + " cells, got " + cells.length);
            }
            hasRows = true;
            line(cells);
        }

        private void line(String... cells) {
            for (String cell : cells) {
                text.append("| ")
                        .append(cell.replace("|", "\\|").replace('\n', ' '))
                        .append(' ');
            }
            text.append("|\n");
        }

        boolean hasRows() {
            return hasRows;
        }

        @Override
        public String toString() {
            return text + "\n";
        }
    }
}
