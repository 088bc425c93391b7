package dev.ffmstore.cli.report;

import dev.ffmstore.internal.measure.Moments;
import dev.ffmstore.internal.measure.Statistics;
import java.io.IOException;
import java.io.Writer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// A chart of how the values of one kind of tensor change from layer to layer. The layer is the first number
/// between the dots of a name: `blk.7.attn_q.weight` is of the kind `blk.*.attn_q.weight`.
///
/// @param kind the kind
/// @param layers the moments of each layer's tensor, by the layer's number; two or more, each with finite elements
record LayerChart(String kind, TreeMap<Integer, Moments> layers) {
    private static final int MOST_DIGITS = 4;

    private static final int WIDTH = 260;
    private static final int HEIGHT = 110;
    private static final int LEFT = 58;
    private static final int RIGHT = 8;
    private static final int TOP = 8;
    private static final int BOTTOM = 18;

    /// The kind and the layer of a tensor, from its name.
    ///
    /// @param kind the name, with a star for the layer's number
    /// @param layer the layer's number
    record OfName(String kind, int layer) {
        /// {@return the kind and the layer of a name, if it has a layer, and something after that}
        static Optional<OfName> of(String name) {
            int start = 0;
            for (int dot = name.indexOf('.'); dot >= 0 && dot + 1 < name.length(); dot = name.indexOf('.', start)) {
                if (isNumber(name, start, dot)) {
                    int layer = Integer.parseInt(name, start, dot, 10);
                    return Optional.of(new OfName(name.substring(0, start) + "*" + name.substring(dot), layer));
                }
                start = dot + 1;
            }
            return Optional.empty();
        }

        private static boolean isNumber(String name, int start, int end) {
            return end > start
                    && end - start <= MOST_DIGITS
                    && name.substring(start, end).chars().allMatch(c -> c >= '0' && c <= '9');
        }
    }

    /// {@return a chart for each kind that has at least two layers, in the order of the tensors}
    static List<LayerChart> of(List<Statistics.OfTensor> results) {
        Map<String, TreeMap<Integer, Moments>> byKind = new LinkedHashMap<>();
        for (Statistics.OfTensor result : results) {
            if (result.moments().finite() > 0) {
                OfName.of(result.tensor().name())
                        .ifPresent(name -> byKind.computeIfAbsent(name.kind(), _ -> new TreeMap<>())
                                .put(name.layer(), result.moments()));
            }
        }
        List<LayerChart> charts = new ArrayList<>();
        byKind.forEach((kind, layers) -> {
            if (layers.size() > 1) {
                charts.add(new LayerChart(kind, layers));
            }
        });
        return charts;
    }

    /// Draws the chart as SVG.
    void writeSvg(Writer out) throws IOException {
        double low = layers.values().stream().mapToDouble(Moments::min).min().orElse(0);
        double high = layers.values().stream().mapToDouble(Moments::max).max().orElse(1);
        Scale y = new Scale(low, high);
        out.write("<svg viewBox=\"0 0 " + WIDTH + " " + HEIGHT + "\" role=\"img\" aria-label=\"ranges by layer\">");
        writeAxes(out, y);
        StringBuilder ranges = new StringBuilder();
        StringBuilder deviations = new StringBuilder();
        StringBuilder means = new StringBuilder();
        layers.forEach((layer, moments) -> {
            double x = x(layer);
            double deviation = Double.isFinite(moments.deviation()) ? moments.deviation() : 0;
            ranges.append(vertical(x, y.of(moments.min()), y.of(moments.max())));
            deviations.append(vertical(
                    x,
                    y.of(Math.max(moments.min(), moments.mean() - deviation)),
                    y.of(Math.min(moments.max(), moments.mean() + deviation))));
            means.append(format("M%.1f %.1fh0", x, y.of(moments.mean())));
        });
        double step = (double) (WIDTH - LEFT - RIGHT) / (layers.lastKey() - layers.firstKey() + 1);
        out.write("<path class=\"range\" d=\"" + ranges + "\"/>");
        out.write(format("<path class=\"dev\" style=\"stroke-width:%.1f\" d=\"", Math.clamp(step * 0.6, 1.5, 6)));
        out.write(deviations + "\"/><path class=\"mean\" d=\"" + means + "\"/></svg>\n");
    }

    private void writeAxes(Writer out, Scale y) throws IOException {
        if (y.low() < 0 && y.high() > 0) {
            out.write(format("<path class=\"zero\" d=\"M%d %.1fH%d\"/>", LEFT, y.of(0), WIDTH - RIGHT));
        }
        out.write(label(LEFT - 6, TOP + 4, "end", Figures.of(y.high())));
        out.write(label(LEFT - 6, HEIGHT - BOTTOM, "end", Figures.of(y.low())));
        out.write(label(
                x(layers.firstKey()), HEIGHT - 4, "middle", layers.firstKey().toString()));
        out.write(label(
                x(layers.lastKey()), HEIGHT - 4, "middle", layers.lastKey().toString()));
    }

    private static String label(double x, double y, String anchor, String text) {
        return format("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>", x, y, anchor, text);
    }

    private double x(int layer) {
        double share = (layer - layers.firstKey() + 0.5) / (layers.lastKey() - layers.firstKey() + 1);
        return LEFT + share * (WIDTH - LEFT - RIGHT);
    }

    private static String vertical(double x, double from, double to) {
        return format("M%.1f %.1fV%.1f", x, from, to);
    }

    private static String format(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }

    /// Maps values to places on the page.
    private record Scale(double low, double high) {
        double of(double value) {
            // halves: the distance of two finite numbers may be infinite
            double share = high > low ? (value / 2 - low / 2) / (high / 2 - low / 2) : 0.5;
            return HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP);
        }
    }
}
