package dev.ffmstore.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.ffmstore.LoadOptions;
import dev.ffmstore.export.Constant;
import dev.ffmstore.export.ConstantSource;
import dev.ffmstore.formats.IrpaArchive;
import dev.ffmstore.formats.Weights;
import dev.ffmstore.internal.measure.Histogram;
import dev.ffmstore.internal.measure.Moments;
import dev.ffmstore.internal.measure.Statistics;
import dev.ffmstore.internal.text.Printable;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/// `stats`: what the tensors of a model hold, in little memory.
@Command(
        name = "stats",
        description = "Shows what tensors hold: least, largest, mean, standard deviation, zeros, NaN, infinities, and"
                + " how the values are spread.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        footerHeading = "%nExamples:%n",
        footer = {
            "  ffm-store stats model.gguf",
            "  ffm-store stats --html model.html model.gguf",
            "  ffm-store stats --json --include '*norm*' model.gguf | jq '.tensors[] | [.name, .std]'"
        })
final class StatsCommand extends ReportingCommand {
    @Parameters(
            paramLabel = "MODEL",
            description = "a GGUF file, a safetensors file or the index of its shards, or a folder of .npy files")
    private Path path;

    @Option(
            names = "--html",
            paramLabel = "FILE",
            description = "write a page with charts, which opens without a network, in place of the table")
    private @Nullable Path html;

    @Option(names = "--force", description = "replace the file that --html names, if it is there")
    private boolean force;

    @Mixin
    private TensorChoice tensors;

    @Mixin
    private DenseForm form;

    @Mixin
    private Effort effort;

    @Override
    String subject() {
        return path.toString();
    }

    @Override
    void execute() throws Exception {
        LoadOptions options = effort.options().applyScales(false);
        if (force && html == null) {
            throw new ParameterException(spec.commandLine(), "--force: replaces the file of --html, which is missing");
        }
        if (html != null && Files.exists(html) && Files.exists(path) && Files.isSameFile(html, path)) {
            throw new ParameterException(spec.commandLine(), "--html: names the model itself");
        }
        NewFile page = html == null ? null : NewFile.at(html, force ? NewFile.Existing.REPLACE : NewFile.Existing.KEEP);
        try (Weights weights = Weights.open(path, file -> form.apply(options, file))) {
            ConstantSource source = typed(weights);
            List<String> names = weights.names();
            Predicate<String> chosen = tensors.filter(names).over(names);
            List<Constant> constants = source.constants().stream()
                    .filter(constant -> chosen.test(constant.name()))
                    .toList();
            List<Statistics.OfTensor> results = statistics(source, constants, options.threads());
            source.checkUnchanged();
            if (page != null) {
                page.write(out -> new StatsPage(source, results).write(out));
            }
            report(source, results);
        }
    }

    private static ConstantSource typed(Weights weights) throws IOException {
        return switch (weights) {
            case Weights.Typed typed -> typed.source();
            case IrpaArchive archive ->
                throw new IOException(Printable.escape(archive.name())
                        + ": an .irpa archive has no dtypes and shapes: take the statistics of the file it was made"
                        + " from");
        };
    }

    private List<Statistics.OfTensor> statistics(ConstantSource source, List<Constant> constants, int threads)
            throws Exception {
        long bytes = Statistics.PASSES
                * constants.stream().mapToLong(Constant::byteSize).sum();
        long elements = Statistics.PASSES
                * constants.stream()
                        .mapToLong(constant -> constant.shape().elementCount())
                        .sum();
        try (Progress progress = new Progress("reading", !json)) {
            return Statistics.of(
                    source,
                    constants,
                    threads,
                    done -> progress.progress((long) ((double) done / elements * bytes), bytes));
        }
    }

    private void report(ConstantSource source, List<Statistics.OfTensor> results) throws IOException {
        if (json) {
            printJson(out -> writeJson(out, source, results));
        } else if (html == null) {
            print(source, results);
        } else {
            out().println(Printable.escape(html.toString()) + ": statistics of " + Sizes.grouped(results.size())
                    + " tensors");
        }
    }

    private void print(ConstantSource source, List<Statistics.OfTensor> results) {
        PrintWriter out = out();
        out.println(Printable.escape(source.name()) + ", " + Sizes.grouped(results.size()) + " tensors");
        out.println();
        new Table<Statistics.OfTensor>()
                .text("tensor", its -> Printable.escape(its.constant().name()))
                .text("type", its -> its.constant().storedType())
                .text("shape", its -> its.constant().shape().toString())
                .figure("min", its -> Figures.of(its.moments().min()))
                .figure("max", its -> Figures.of(its.moments().max()))
                .figure("mean", its -> Figures.of(its.moments().mean()))
                .figure("std", its -> Figures.of(its.moments().deviation()))
                .number("zeros", its -> its.moments().zeros())
                .number("NaN", its -> its.moments().nans())
                .number("Inf", its -> its.moments().infinities())
                .text("min to max", its -> Sparkline.of(its.histogram()))
                .print(out, results);
    }

    private static void writeJson(JsonGenerator json, ConstantSource source, List<Statistics.OfTensor> results)
            throws IOException {
        json.writeStringField("file", source.name());
        json.writeArrayFieldStart("tensors");
        for (Statistics.OfTensor result : results) {
            writeTensor(json, result);
        }
        json.writeEndArray();
    }

    private static void writeTensor(JsonGenerator json, Statistics.OfTensor result) throws IOException {
        Constant constant = result.constant();
        Moments moments = result.moments();
        json.writeStartObject();
        json.writeStringField("name", constant.name());
        json.writeStringField("dtype", constant.dtype().toString());
        json.writeStringField("storedType", constant.storedType());
        json.writeFieldName("shape");
        json.writeArray(constant.shape().toArray(), 0, constant.shape().rank());
        json.writeNumberField("elements", moments.elements());
        Figures.write(json, "min", moments.min());
        Figures.write(json, "max", moments.max());
        Figures.write(json, "mean", moments.mean());
        Figures.write(json, "std", moments.deviation());
        json.writeNumberField("zeros", moments.zeros());
        json.writeNumberField("nans", moments.nans());
        json.writeNumberField("positiveInfinities", moments.positiveInfinities());
        json.writeNumberField("negativeInfinities", moments.negativeInfinities());
        if (moments.finite() > 0) {
            writeHistogram(json, result.histogram());
        }
        json.writeEndObject();
    }

    private static void writeHistogram(JsonGenerator json, Histogram histogram) throws IOException {
        json.writeArrayFieldStart("histogram");
        for (long count : histogram.counts()) {
            json.writeNumber(count);
        }
        json.writeEndArray();
    }
}
