package dev.ffmstore.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.ffmstore.DType;
import dev.ffmstore.Model;
import dev.ffmstore.TensorForm;
import dev.ffmstore.TensorPlan;
import dev.ffmstore.TensorSlot;
import dev.ffmstore.cli.report.Facts;
import dev.ffmstore.cli.report.Sizes;
import dev.ffmstore.cli.report.Table;
import dev.ffmstore.ggml.StoredType;
import dev.ffmstore.internal.memory.MemoryBudget;
import dev.ffmstore.internal.text.Printable;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// `plan`: prints what a load would cost. It reads the header only, and allocates no tensors.
@Command(
        name = "plan",
        description = "Shows what a load would cost, without loading anything.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        footerHeading = "%nExamples:%n",
        footer = {"  ffm-store plan model.gguf", "  ffm-store plan --include 'blk.0.*' --exclude '*norm*' model.gguf"})
final class PlanCommand extends FileCommand {
    @Mixin
    private TensorChoice tensors;

    @Mixin
    private DenseForm form;

    @Mixin
    private EffortOptions effort;

    /// The total of the tensors that have one stored type and become one dtype.
    private record TypeTotal(StoredType type, DType dtype, long tensors, long bytes, long denseBytes) {
        private static final Comparator<TypeTotal> BY_TYPES = Comparator.<TypeTotal, String>comparing(
                        total -> total.type().name())
                .thenComparing(TypeTotal::dtype);

        static TypeTotal of(TensorSlot slot) {
            return new TypeTotal(slot.type(), slot.dtype(), 1, slot.storedBytes(), slot.byteSize());
        }

        TypeTotal plus(TypeTotal other) {
            return new TypeTotal(
                    type, dtype, tensors + other.tensors, bytes + other.bytes, denseBytes + other.denseBytes);
        }
    }

    @Override
    boolean showsWarnings() {
        return true;
    }

    @Override
    void execute(Model model) throws IOException {
        TensorForm wanted = form.apply(TensorForm.dense(), model)
                .filter(tensors.filter(model))
                .scales(TensorForm.Scales.LEFT);
        TensorPlan plan = TensorPlan.of(model, wanted);
        List<String> warnings = ModelWarnings.of(model, wanted.filter());
        int threads = effort.effort().threads();
        if (json) {
            printJson(out -> {
                writeJson(out, model, plan, threads);
                writeWarnings(out, warnings);
            });
        } else {
            print(model, plan, threads);
            warnings.forEach(warning -> out().println("warning: " + warning));
        }
    }

    private static void writeWarnings(JsonGenerator json, List<String> warnings) throws IOException {
        json.writeArrayFieldStart("warnings");
        for (String warning : warnings) {
            json.writeString(warning);
        }
        json.writeEndArray();
    }

    private static Collection<TypeTotal> byType(TensorPlan plan) {
        Map<TypeTotal, TypeTotal> totals = new TreeMap<>(TypeTotal.BY_TYPES);
        for (TensorSlot slot : plan.slots()) {
            TypeTotal one = TypeTotal.of(slot);
            totals.merge(one, one, TypeTotal::plus);
        }
        return totals.values();
    }

    private static Optional<TensorSlot> largest(TensorPlan plan) {
        return plan.slots().stream().max(Comparator.comparingLong(TensorSlot::byteSize));
    }

    private void print(Model model, TensorPlan plan, int threads) {
        PrintWriter out = out();
        out.println(Printable.escape(model.name()));
        Facts facts = new Facts(out)
                .add("file", Sizes.bytes(model.byteSize()))
                .add("tensors", Sizes.grouped(plan.slots().size()))
                .add("blocks", Sizes.bytes(plan.sourceBytes()))
                .add("dense", Sizes.bytes(plan.denseBytes()))
                .add("names", Printable.escape(plan.convention()));
        largest(plan)
                .ifPresent(slot -> facts.add(
                        "largest tensor",
                        Printable.escape(slot.name()) + " " + slot.shape() + ", " + Sizes.bytes(slot.byteSize())));
        if (!plan.unscaled().isEmpty()) {
            facts.add(
                    "scales",
                    "companion scales: " + Sizes.grouped(plan.unscaled().size())
                            + "; load applies them with --apply-scales");
        }
        facts.add("peak", Sizes.bytes(plan.peakBytes(threads)) + " with " + threads + " threads, beside the JVM");
        MemoryBudget.ofThisProcess()
                .ifPresent(budget -> facts.add(
                        "available",
                        Sizes.bytes(budget.availableBytes()) + ", by " + Printable.escape(budget.limit())
                                + (plan.peakBytes(threads) > budget.availableBytes() ? ": not enough" : "")));
        out.println();
        new Table<TypeTotal>()
                .text("type", total -> total.type().toString())
                .number("tensors", TypeTotal::tensors)
                .number("bytes", TypeTotal::bytes)
                .number("dense bytes", TypeTotal::denseBytes)
                .text("dense", total -> total.dtype().toString())
                .print(out, byType(plan));
    }

    private static void writeJson(JsonGenerator json, Model model, TensorPlan plan, int threads) throws IOException {
        json.writeStringField("file", model.name());
        json.writeNumberField("fileBytes", model.byteSize());
        json.writeNumberField("tensors", plan.slots().size());
        json.writeNumberField("sourceBytes", plan.sourceBytes());
        json.writeNumberField("denseBytes", plan.denseBytes());
        json.writeStringField("names", plan.convention());
        json.writeArrayFieldStart("types");
        for (TypeTotal total : byType(plan)) {
            json.writeStartObject();
            json.writeStringField("type", total.type().toString());
            json.writeNumberField("tensors", total.tensors());
            json.writeNumberField("bytes", total.bytes());
            json.writeNumberField("denseBytes", total.denseBytes());
            json.writeStringField("dtype", total.dtype().toString());
            json.writeEndObject();
        }
        json.writeEndArray();
        Optional<TensorSlot> largest = largest(plan);
        if (largest.isPresent()) {
            json.writeObjectFieldStart("largestTensor");
            json.writeStringField("name", largest.get().name());
            json.writeNumberField("bytes", largest.get().storedBytes());
            json.writeNumberField("denseBytes", largest.get().byteSize());
            json.writeEndObject();
        }
        json.writeNumberField("companionScales", plan.unscaled().size());
        json.writeNumberField("threads", threads);
        json.writeNumberField("peakBytes", plan.peakBytes(threads));
        Optional<MemoryBudget.Budget> budget = MemoryBudget.ofThisProcess();
        if (budget.isPresent()) {
            json.writeNumberField("availableBytes", budget.get().availableBytes());
            json.writeStringField("availableBy", budget.get().limit());
        }
    }
}
