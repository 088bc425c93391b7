package dev.ffmstore.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.ffmstore.DTypes;
import dev.ffmstore.Model;
import dev.ffmstore.ModelException;
import dev.ffmstore.StoredTensor;
import dev.ffmstore.TensorForm;
import dev.ffmstore.TensorSlot;
import dev.ffmstore.TensorSource;
import dev.ffmstore.cli.report.Figures;
import dev.ffmstore.cli.report.Sizes;
import dev.ffmstore.cli.report.Sparkline;
import dev.ffmstore.cli.report.StatsPage;
import dev.ffmstore.cli.report.Table;
import dev.ffmstore.internal.files.Existing;
import dev.ffmstore.internal.measure.Histogram;
import dev.ffmstore.internal.measure.Moments;
import dev.ffmstore.internal.measure.Statistics;
import dev.ffmstore.internal.text.Printable;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/// `stats`: prints statistics of a model's tensors, in little memory.
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
            converter = ModelArgument.Converter.class,
            description = "a GGUF file, a safetensors file or the index of its shards, a folder of .npy files, or an"
                    + " .irpa archive with --shapes-from; a path, or the URL of a single file")
    private ModelArgument model;

    @Option(
            names = "--html",
            paramLabel = "FILE",
            description = "write a page with charts, which opens without a network, instead of the table")
    private @Nullable Path html;

    @Option(names = "--force", description = "replace the file that --html names, if it is there")
    private boolean force;

    @Mixin
    private TensorChoice tensors;

    @Mixin
    private DenseForm form;

    @Mixin
    private ReadingOptions reading;

    @Mixin
    private EffortOptions effort;

    /// About the tensors that are left out; safe to print.
    private List<String> warnings = List.of();

    @Override
    String subject() {
        return model.name();
    }

    @Override
    void execute() throws Exception {
        if (force && html == null) {
            throw new ParameterException(spec.commandLine(), "--force: replaces the file of --html, which is missing");
        }
        if (html != null) {
            requireOther("--html", html, model);
        }
        NewFile page = html == null ? null : NewFile.at(html, force ? Existing.REPLACE : Existing.KEEP);
        try (Model opened = reading.open(model)) {
            warn(opened);
            if (html != null) {
                requireOther("--html", html, opened);
            }
            requireTyped(opened);
            TensorForm plain =
                    TensorForm.dense().filter(tensors.readable(opened)).scales(TensorForm.Scales.LEFT);
            TensorForm wanted =
                    opened.format() == Model.Format.GGUF ? form.apply(plain, opened) : plain.dtypes(DTypes.stored());
            TensorSource source =
                    TensorSource.of(opened, wanted, effort.effort().decoder());
            List<String> names = new ArrayList<>(TensorChoice.unreadable(opened));
            source.tensors().forEach(tensor -> names.add(tensor.name()));
            Predicate<String> chosen = tensors.filter(names).over(names);
            Map<Boolean, List<TensorSlot>> slots = source.tensors().stream()
                    .filter(tensor -> chosen.test(tensor.name()))
                    .collect(Collectors.partitioningBy(tensor -> Statistics.canMeasure(tensor.dtype())));
            warnings = slots.get(false).stream().map(StatsCommand::warning).toList();
            List<Statistics.OfTensor> results = statistics(source, slots.get(true));
            source.checkUnchanged();
            if (page != null) {
                page.write(out -> new StatsPage(source, results).write(out));
            }
            report(source, results);
        }
    }

    private static void requireTyped(Model model) throws ModelException {
        if (!model.tensors().stream().allMatch(StoredTensor::isTyped)) {
            throw ModelException.of(
                    model.name(),
                    "an .irpa archive has no dtypes and shapes: take the statistics of the file it was made from, or"
                            + " name that file with --shapes-from");
        }
    }

    private static String warning(TensorSlot tensor) {
        return "left out: elements of " + tensor.dtype() + " are no numbers: " + Printable.escape(tensor.name());
    }

    private List<Statistics.OfTensor> statistics(TensorSource source, List<TensorSlot> slots) throws IOException {
        long bytes = Statistics.PASSES
                * slots.stream().mapToLong(TensorSlot::byteSize).sum();
        long elements = Statistics.PASSES
                * slots.stream().mapToLong(slot -> slot.shape().elementCount()).sum();
        try (Progress progress = new Progress("reading", !json)) {
            return Statistics.of(source, slots, effort.effort().threads(), progress.ofElements(elements, bytes));
        }
    }

    private void report(TensorSource source, List<Statistics.OfTensor> results) throws IOException {
        if (json) {
            printJson(out -> writeJson(out, source, results));
        } else if (html == null) {
            print(source, results);
        } else {
            out().println(Printable.escape(html.toString()) + ": statistics of " + Sizes.grouped(results.size())
                    + " tensors");
        }
        if (!json) {
            warnings.forEach(warning -> out().println("warning: " + warning));
        }
    }

    private void print(TensorSource source, List<Statistics.OfTensor> results) {
        PrintWriter out = out();
        out.println(Printable.escape(source.name()) + ", " + Sizes.grouped(results.size()) + " tensors");
        out.println();
        new Table<Statistics.OfTensor>()
                .text("tensor", its -> Printable.escape(its.tensor().name()))
                .text("type", its -> its.tensor().origin())
                .text("shape", its -> its.tensor().shape().toString())
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

    private void writeJson(JsonGenerator json, TensorSource source, List<Statistics.OfTensor> results)
            throws IOException {
        json.writeStringField("file", source.name());
        json.writeArrayFieldStart("tensors");
        for (Statistics.OfTensor result : results) {
            writeTensor(json, result);
        }
        json.writeEndArray();
        json.writeArrayFieldStart("warnings");
        for (String warning : warnings) {
            json.writeString(warning);
        }
        json.writeEndArray();
    }

    private static void writeTensor(JsonGenerator json, Statistics.OfTensor result) throws IOException {
        TensorSlot tensor = result.tensor();
        Moments moments = result.moments();
        json.writeStartObject();
        json.writeStringField("name", tensor.name());
        json.writeStringField("dtype", tensor.dtype().toString());
        json.writeStringField("storedType", tensor.origin());
        json.writeFieldName("shape");
        json.writeArray(tensor.shape().toArray(), 0, tensor.shape().rank());
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
