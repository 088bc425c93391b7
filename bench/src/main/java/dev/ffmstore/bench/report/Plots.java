package dev.ffmstore.bench.report;

import de.erichseifert.vectorgraphics2d.Document;
import de.erichseifert.vectorgraphics2d.Processors;
import de.erichseifert.vectorgraphics2d.VectorGraphics2D;
import de.erichseifert.vectorgraphics2d.util.PageSize;
import dev.ffmstore.bench.run.Json;
import dev.ffmstore.bench.run.Median;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.knowm.xchart.AnnotationLine;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.internal.chartpart.Chart;
import org.knowm.xchart.style.AxesChartStyler;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/// Draws the plots of a report, as SVG.
final class Plots {
    private static final int WIDTH = 1100;
    private static final int HEIGHT = 480;

    /// Colours that readers who do not see all colours can also tell apart (Okabe and Ito).
    private static final Color[] COLOURS = {
        new Color(0x0072B2),
        new Color(0xE69F00),
        new Color(0x009E73),
        new Color(0xD55E00),
        new Color(0xCC79A7),
        new Color(0x56B4E9),
        new Color(0x555555)
    };

    private static final Color LIMIT_COLOUR = Color.BLACK;
    private static final Pattern FRACTION = Pattern.compile("(\\.\\d\\d)\\d++(?!E)");
    private static final double GIBIBYTE = 1 << 30;

    private Plots() {}

    /// Plots kernels by type: ours and ggml's as bars, the ceiling as a line across.
    ///
    /// @param rows the rows of the command `kernels` for one kind of memory
    static void throughput(String title, List<Json> rows, Path file) throws IOException {
        List<Json> speeds =
                rows.stream().map(row -> row.object("gigabytesPerSecond")).toList();
        double ceiling =
                Median.of(speeds.stream().map(speed -> speed.number("ceiling")).toList());
        CategoryChart chart = new CategoryChartBuilder()
                .width(WIDTH)
                .height(HEIGHT)
                .title(String.format(Locale.ROOT, "%s (line: the ceiling, %.0f GB/s)", title, ceiling))
                .yAxisTitle("GB/s of dense output")
                .build();
        style(chart.getStyler());
        chart.getStyler().setXAxisLabelRotation(rows.size() > 10 ? 60 : 0);
        chart.getStyler().setAvailableSpaceFill(0.85);
        chart.getStyler().setYAxisMin(0.0);
        List<String> types = rows.stream().map(row -> row.text("type")).toList();
        double highest = ceiling;
        for (String contender : List.of("vector", "scalar", "ggml-shipped", "ggml-native")) {
            // what was not run would be a bar of no height; the legend must not name it
            if (speeds.stream().anyMatch(speed -> speed.has(contender))) {
                List<Double> bars = speeds.stream()
                        .map(speed -> speed.find(contender).orElse(0.0))
                        .toList();
                chart.addSeries(contender, types, bars);
                highest = Math.max(highest, Collections.max(bars));
            }
        }
        chart.getStyler().setYAxisMax(highest * 1.05);
        chart.getStyler().setAnnotationLineColor(LIMIT_COLOUR);
        chart.getStyler().setAnnotationLineStroke(new BasicStroke(1.5f));
        chart.addAnnotation(new AnnotationLine(ceiling, false, false));
        write(chart, file);
    }

    /// Plots the resident set of processes from their start to their end.
    ///
    /// @param rows the rows of the command `peers` for one model
    static void memoryOverTime(String title, List<Json> rows, Path file) throws IOException {
        XYChart chart = new XYChartBuilder()
                .width(WIDTH)
                .height(HEIGHT)
                .title(title)
                .xAxisTitle("seconds since the process was started")
                .yAxisTitle("resident, GiB")
                .build();
        style(chart.getStyler());
        chart.getStyler().setLegendPosition(Styler.LegendPosition.OutsideE);
        chart.getStyler().setLegendLayout(Styler.LegendLayout.Vertical);
        chart.getStyler().setXAxisMin(0.0);
        chart.getStyler().setYAxisMin(0.0);
        double end = 0;
        for (Json row : rows) {
            List<Double> seconds = row.numbers("sampleSeconds");
            if (seconds.isEmpty()) {
                continue;
            }
            end = Math.max(end, seconds.getLast());
            chart.addSeries(
                            row.text("peer"),
                            seconds,
                            row.numbers("sampleResidentBytes").stream()
                                    .map(bytes -> bytes / GIBIBYTE)
                                    .toList())
                    .setMarker(SeriesMarkers.NONE)
                    .setLineStyle(new BasicStroke(2));
        }
        double dense = rows.getFirst().number("denseBytes") / GIBIBYTE;
        chart.addSeries("the dense tensors alone", List.of(0.0, end), List.of(dense, dense))
                .setMarker(SeriesMarkers.NONE)
                .setLineColor(LIMIT_COLOUR)
                .setLineStyle(
                        new BasicStroke(1, BasicStroke.CAP_BUTT, BasicStroke.JOIN_MITER, 1, new float[] {4, 4}, 0));
        write(chart, file);
    }

    /// Plots cold and warm passes.
    ///
    /// @param rows the rows of the command `cold-start`
    static void coldAndWarm(String title, List<Json> rows, Path file) throws IOException {
        CategoryChart chart = new CategoryChartBuilder()
                .width(WIDTH * 3 / 4)
                .height(HEIGHT)
                .title(title)
                .yAxisTitle("seconds")
                .build();
        style(chart.getStyler());
        chart.getStyler().setLabelsVisible(true);
        chart.getStyler().setLabelsFont(new Font(Font.SANS_SERIF, Font.PLAIN, 11));
        chart.getStyler().setLabelsPosition(0.5);
        chart.getStyler().setDecimalPattern("0.00");
        List<String> labels = rows.stream()
                .map(row -> row.text("decoder") + ", page cache " + row.text("pageCache"))
                .toList();
        for (Map.Entry<String, String> bar : List.of(
                Map.entry("whole process", "medianProcessSeconds"),
                Map.entry("first pass", "medianFirstPassSeconds"),
                Map.entry("steady pass", "steadySeconds"))) {
            chart.addSeries(
                    bar.getKey(),
                    labels,
                    new ArrayList<>(
                            rows.stream().map(row -> row.number(bar.getValue())).toList()));
        }
        write(chart, file);
    }

    private static void style(AxesChartStyler styler) {
        styler.setLocale(Locale.ROOT);
        styler.setSeriesColors(COLOURS);
        styler.setChartBackgroundColor(Color.WHITE);
        styler.setPlotBackgroundColor(Color.WHITE);
        styler.setPlotBorderVisible(false);
        styler.setPlotGridLinesColor(new Color(0xDDDDDD));
        styler.setLegendPosition(Styler.LegendPosition.OutsideS);
        styler.setLegendLayout(Styler.LegendLayout.Horizontal);
        styler.setLegendBorderColor(Color.WHITE);
        styler.setChartTitleFont(new Font(Font.SANS_SERIF, Font.BOLD, 15));
        styler.setLegendFont(new Font(Font.SANS_SERIF, Font.PLAIN, 12));
        styler.setAxisTitleFont(new Font(Font.SANS_SERIF, Font.PLAIN, 12));
        styler.setAxisTickLabelsFont(new Font(Font.SANS_SERIF, Font.PLAIN, 11));
    }

    private static void write(Chart<?, ?> chart, Path file) throws IOException {
        VectorGraphics2D graphics = new VectorGraphics2D();
        chart.paint(graphics, chart.getWidth(), chart.getHeight());
        Document document = Processors.get("svg")
                .getDocument(graphics.getCommands(), new PageSize(0, 0, chart.getWidth(), chart.getHeight()));
        ByteArrayOutputStream svg = new ByteArrayOutputStream();
        document.writeTo(svg);
        // text is drawn as outlines, whose coordinates have a dozen digits: two are enough
        Files.writeString(
                file, FRACTION.matcher(svg.toString(StandardCharsets.UTF_8)).replaceAll("$1"));
    }
}
