package dev.ffmstore.cli.report;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.ffmstore.export.ExportReport;
import java.io.IOException;
import java.util.Locale;

/// How fast the work of a report went, and with which workers.
///
/// @param seconds how long the work took
/// @param gigabytesPerSecond 10⁹ bytes of output per second
/// @param threads how many workers there were
/// @param decoder which decoders were used
record Speed(double seconds, double gigabytesPerSecond, int threads, String decoder) {

    static Speed of(ExportReport report, String decoder) {
        return new Speed(report.seconds(), report.gigabytesPerSecond(), report.threads(), decoder);
    }

    /// @param unit the unit of the throughput, as `GB/s`
    void print(Facts facts, String unit) {
        facts.add("time", String.format(Locale.ROOT, "%.3f s", seconds))
                .add("throughput", String.format(Locale.ROOT, "%.2f %s, %d threads", gigabytesPerSecond, unit, threads))
                .add("decoder", decoder);
    }

    void writeJson(JsonGenerator json) throws IOException {
        json.writeNumberField("seconds", seconds);
        json.writeNumberField("gigabytesPerSecond", gigabytesPerSecond);
        json.writeNumberField("threads", threads);
        json.writeStringField("decoder", decoder);
    }
}
