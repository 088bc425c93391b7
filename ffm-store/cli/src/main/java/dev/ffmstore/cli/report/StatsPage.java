package dev.ffmstore.cli.report;

import dev.ffmstore.TensorSlot;
import dev.ffmstore.TensorSource;
import dev.ffmstore.internal.measure.Histogram;
import dev.ffmstore.internal.measure.Moments;
import dev.ffmstore.internal.measure.Statistics;
import dev.ffmstore.internal.text.Printable;
import java.io.IOException;
import java.io.InputStream;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;

/// The page that `stats --html` writes: one file that holds its styles, charts and script, and loads nothing.
public final class StatsPage {
    /// The most kinds of tensors with a chart: more would make the page hard to read, and the table has all.
    private static final int MOST_CHARTS = 48;

    private static final int SPARK_WIDTH = 128;
    private static final int SPARK_HEIGHT = 28;

    private final TensorSource source;
    private final List<Statistics.OfTensor> results;

    public StatsPage(TensorSource source, List<Statistics.OfTensor> results) {
        this.source = source;
        this.results = results;
    }

    public void write(Writer out) throws IOException {
        String name = text(source.fileName());
        out.write("""
                <!DOCTYPE html>
                <html lang="en">
                <head>
                <meta charset="utf-8">
                <meta name="viewport" content="width=device-width, initial-scale=1">
                <meta name="color-scheme" content="light dark">
                <meta http-equiv="Content-Security-Policy"
                 content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
                <link rel="icon" href="data:,">
                """);
        out.write("<title>" + name + ": statistics</title>\n<style>\n" + resource("stats.css") + "</style>\n");
        out.write("</head>\n<body>\n<header>\n<h1>" + name + "</h1>\n");
        writeTotals(out);
        out.write("</header>\n<main>\n");
        writeLayers(out);
        writeTable(out);
        out.write("</main>\n<div id=\"tip\" role=\"status\" hidden></div>\n<script>\n" + resource("stats.js")
                + "</script>\n</body>\n</html>\n");
    }

    private static String resource(String name) throws IOException {
        try (InputStream in = StatsPage.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IOException(name + ": is missing among the classes");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /// {@return text of a file that is safe in HTML, also in quotes}
    private static String text(String text) {
        return Printable.escape(text)
                .replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;")
                .replace("'", "&#39;");
    }

    private void writeTotals(Writer out) throws IOException {
        out.write("<dl class=\"totals\">\n");
        writeTotal(out, "tensors", Sizes.grouped(results.size()), "");
        writeTotal(out, "elements", Sizes.grouped(sum(Moments::elements)), "");
        writeTotal(out, "zeros", Sizes.grouped(sum(Moments::zeros)), "");
        writeTotal(out, "NaN", Sizes.grouped(sum(Moments::nans)), bad(sum(Moments::nans)));
        writeTotal(out, "infinite", Sizes.grouped(sum(Moments::infinities)), bad(sum(Moments::infinities)));
        out.write("</dl>\n");
    }

    private long sum(ToLongFunction<Moments> count) {
        return results.stream()
                .map(Statistics.OfTensor::moments)
                .mapToLong(count)
                .sum();
    }

    private static String bad(long count) {
        return count > 0 ? " class=\"bad\"" : "";
    }

    private static void writeTotal(Writer out, String name, String value, String attributes) throws IOException {
        out.write("<div><dt>" + name + "</dt><dd" + attributes + ">" + value + "</dd></div>\n");
    }

    private void writeLayers(Writer out) throws IOException {
        List<LayerChart> charts = LayerChart.of(results);
        if (charts.isEmpty()) {
            return;
        }
        out.write(
                "<section>\n<h2>Ranges by layer</h2>\n<p class=\"note\">One chart for each kind of tensor, layers from"
                        + " left to right. Thin line: least to largest value. Thick line: mean ± standard deviation. Dot:"
                        + " mean.</p>\n<div class=\"charts\">\n");
        for (LayerChart chart : charts.subList(0, Math.min(charts.size(), MOST_CHARTS))) {
            out.write("<figure>\n<figcaption>" + text(chart.kind()) + "</figcaption>\n");
            chart.writeSvg(out);
            out.write("</figure>\n");
        }
        out.write("</div>\n");
        if (charts.size() > MOST_CHARTS) {
            out.write("<p class=\"note\">" + (charts.size() - MOST_CHARTS) + " more kinds are in the table.</p>\n");
        }
        out.write("</section>\n");
    }

    private void writeTable(Writer out) throws IOException {
        out.write("""
                <section>
                <h2>Tensors</h2>
                <p class="tools"><label>Filter <input id="filter" type="search" placeholder="part of a name or type"
                 autocomplete="off" spellcheck="false"></label> <span id="shown"></span></p>
                <p class="note">The histogram spans least to largest value, in 64 bins; a bin that is not empty is at
                 least a pixel high. Point at one for its bins; click a heading to sort.</p>
                <div class="scroll">
                <table id="tensors">
                <thead><tr>
                """);
        for (String heading : List.of("tensor", "type", "shape")) {
            out.write("<th scope=\"col\"><button type=\"button\">" + heading + "</button></th>");
        }
        for (String heading : List.of("elements", "min", "max", "mean", "std", "zeros", "NaN", "Inf")) {
            out.write("<th scope=\"col\" class=\"n\"><button type=\"button\">" + heading + "</button></th>");
        }
        out.write("<th scope=\"col\">histogram</th></tr></thead>\n<tbody>\n");
        for (Statistics.OfTensor result : results) {
            writeRow(out, result);
        }
        out.write("</tbody>\n</table>\n</div>\n</section>\n");
    }

    private static void writeRow(Writer out, Statistics.OfTensor result) throws IOException {
        TensorSlot tensor = result.tensor();
        Moments moments = result.moments();
        out.write("<tr><th scope=\"row\">" + text(tensor.name()) + "</th><td>" + text(type(tensor)) + "</td>");
        out.write("<td class=\"shape\" data-v=\"" + moments.elements() + "\">" + shape(tensor) + "</td>");
        writeCount(out, moments.elements(), "");
        for (double figure : new double[] {moments.min(), moments.max(), moments.mean(), moments.deviation()}) {
            out.write("<td class=\"n\" data-v=\"" + figure + "\">" + Figures.of(figure) + "</td>");
        }
        writeCount(out, moments.zeros(), "");
        writeCount(out, moments.nans(), moments.nans() > 0 ? " bad" : "");
        writeCount(out, moments.infinities(), moments.infinities() > 0 ? " bad" : "");
        out.write("<td>");
        if (moments.finite() > 0) {
            writeSparkline(out, result.histogram());
        }
        out.write("</td></tr>\n");
    }

    private static String type(TensorSlot tensor) {
        return tensor.origin();
    }

    private static String shape(TensorSlot tensor) {
        return tensor.shape().rank() == 0
                ? "scalar"
                : Arrays.stream(tensor.shape().toArray())
                        .mapToObj(Long::toString)
                        .collect(Collectors.joining(" × "));
    }

    private static void writeCount(Writer out, long count, String more) throws IOException {
        out.write("<td class=\"n" + more + "\" data-v=\"" + count + "\">" + Sizes.grouped(count) + "</td>");
    }

    private static void writeSparkline(Writer out, Histogram histogram) throws IOException {
        long highest =
                histogram.counts().stream().mapToLong(Long::longValue).max().orElse(1);
        double width = (double) SPARK_WIDTH / Histogram.BINS;
        StringBuilder path = new StringBuilder();
        for (int bin = 0; bin < Histogram.BINS; bin++) {
            long count = histogram.counts().get(bin);
            if (count > 0) {
                double height = Math.max(1, (double) count / highest * SPARK_HEIGHT);
                path.append(String.format(
                        Locale.ROOT, "M%.0f %d h%.0f v-%.1f h-%.0fz", bin * width, SPARK_HEIGHT, width, height, width));
            }
        }
        String counts =
                histogram.counts().stream().map(count -> Long.toString(count)).collect(Collectors.joining(" "));
        out.write("<svg class=\"spark\" width=\"" + SPARK_WIDTH + "\" height=\"" + SPARK_HEIGHT + "\" viewBox=\"0 0 "
                + SPARK_WIDTH + " " + SPARK_HEIGHT + "\" role=\"img\" aria-label=\"histogram\" data-min=\""
                + histogram.min() + "\" data-max=\"" + histogram.max() + "\" data-counts=\"" + counts + "\"><path d=\""
                + path + "\"/></svg>");
    }
}
