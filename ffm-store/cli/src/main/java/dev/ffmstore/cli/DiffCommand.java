package dev.ffmstore.cli;

import dev.ffmstore.DTypes;
import dev.ffmstore.Model;
import dev.ffmstore.ModelException;
import dev.ffmstore.StoredTensor;
import dev.ffmstore.TensorForm;
import dev.ffmstore.TensorSlot;
import dev.ffmstore.TensorSource;
import dev.ffmstore.cli.report.DiffReport;
import dev.ffmstore.cli.report.DiffRow;
import dev.ffmstore.cli.report.DiffRow.Verdict;
import dev.ffmstore.internal.measure.Difference;
import dev.ffmstore.internal.measure.Differences;
import dev.ffmstore.internal.measure.Tolerance;
import dev.ffmstore.internal.text.Printable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/// `diff`: prints how the tensors of two files differ, in little memory.
@Command(
        name = "diff",
        description = "Compares the tensors of two files of any of these kinds: GGUF, safetensors (one file, or the"
                + " index of its shards), .irpa, a folder of .npy files. Exit status 1 if they differ.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        footerHeading = "%nExamples:%n",
        footer = {
            "  ffm-store diff model.gguf model.safetensors",
            "  ffm-store diff --names hf model.gguf model.safetensors.index.json",
            "  ffm-store diff --dtype BF16 model.gguf model.irpa",
            "  ffm-store diff --atol 1e-3 --rtol 1e-2 model.Q8_0.gguf model.Q4_K_M.gguf",
            "  ffm-store diff --json model.gguf model.irpa | jq '.tensors[] | select(.bitsDiffering > 0)'"
        })
final class DiffCommand extends ReportingCommand {
    @Parameters(
            index = "0",
            paramLabel = "A",
            converter = ModelArgument.Converter.class,
            description = "a file or folder, or the URL of a file")
    private ModelArgument first;

    @Parameters(
            index = "1",
            paramLabel = "B",
            converter = ModelArgument.Converter.class,
            description = "another. An .irpa archive has the dtypes and shapes of what it is compared with")
    private ModelArgument second;

    @Option(
            names = "--atol",
            paramLabel = "X",
            description = "allow |a - b| <= X + Y * max(|a|, |b|); without --atol and --rtol bits must be equal")
    private @Nullable Double atol;

    @Option(names = "--rtol", paramLabel = "Y", description = "see --atol")
    private @Nullable Double rtol;

    @Option(names = "--all", description = "list tensors that are equal, too")
    private boolean all;

    @Mixin
    private TensorChoice tensors;

    @Mixin
    private DenseForm form;

    @Mixin
    private ReadingOptions reading;

    @Mixin
    private EffortOptions effort;

    /// All names that patterns may match, those of tensors that cannot be read among them.
    private final Set<String> known = new LinkedHashSet<>();

    private boolean different;

    @Override
    String subject() {
        return first.name();
    }

    @Override
    String subject(Throwable failure) {
        String message = failure.getMessage();
        boolean isOfSecond = message != null && message.startsWith(Printable.escape(second.name()) + ": ");
        return isOfSecond ? second.name() : subject();
    }

    @Override
    int status() {
        return different ? Main.FAILED : Main.OK;
    }

    @Override
    void execute() throws Exception {
        Tolerance tolerance = tolerance();
        try (Model a = reading.open(first);
                Model b = reading.open(second)) {
            warn(a);
            warn(b);
            DiffReport report = compare(a, b, tolerance);
            if (json) {
                printJson(report::writeJson);
            } else {
                report.print(out(), all ? Verdict.EQUAL : Verdict.TIED);
            }
            different = !report.agrees();
        }
    }

    private Tolerance tolerance() {
        if (atol == null && rtol == null) {
            return new Tolerance.Exact();
        }
        try {
            return new Tolerance.Within(atol == null ? 0 : atol, rtol == null ? 0 : rtol);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "--atol, --rtol: " + e.getMessage(), e);
        }
    }

    /// Compares two models. An archive knows neither dtypes nor shapes, and is given those of the other model.
    private DiffReport compare(Model a, Model b, Tolerance tolerance) throws IOException {
        known.addAll(TensorChoice.unreadable(a));
        known.addAll(TensorChoice.unreadable(b));
        boolean isTyped = a.tensors().stream().allMatch(StoredTensor::isTyped);
        if (!isTyped && a.format() == Model.Format.IRPA && b.format() == Model.Format.IRPA) {
            throw ModelException.of(
                    a.name(),
                    "has no dtypes and shapes, and neither has what it is compared with: compare it with the GGUF or"
                            + " safetensors file it was made from, or name that file with --shapes-from");
        }
        if (!isTyped) {
            TensorSource ofB = source(b);
            return compare(source(a.typedBy(dense(ofB))), ofB, tolerance);
        }
        TensorSource ofA = source(a);
        return compare(ofA, source(b.typedBy(dense(ofA))), tolerance);
    }

    /// Makes the source of a model. The options of the form apply to models that are to be decoded; all others are
    /// compared as they are.
    private TensorSource source(Model model) throws IOException {
        TensorForm plain = TensorForm.dense().filter(tensors.readable(model)).scales(TensorForm.Scales.LEFT);
        TensorForm wanted =
                model.format() == Model.Format.GGUF ? form.apply(plain, model) : plain.dtypes(DTypes.stored());
        return TensorSource.of(model, wanted, effort.effort().decoder());
    }

    private static List<StoredTensor> dense(TensorSource source) {
        return source.tensors().stream().map(TensorSlot::asDense).toList();
    }

    private DiffReport compare(TensorSource a, TensorSource b, Tolerance tolerance) throws IOException {
        Map<String, TensorSlot> ofA = byName(a);
        Map<String, TensorSlot> ofB = byName(b);
        Set<String> names = new LinkedHashSet<>(ofA.keySet());
        names.addAll(ofB.keySet());
        known.addAll(names);
        Predicate<String> chosen = tensors.filter(known).over(known);
        List<DiffRow> rows = new ArrayList<>();
        List<Differences.Pair> pairs = new ArrayList<>();
        for (String name : names) {
            if (!chosen.test(name)) {
                continue;
            }
            Optional<TensorSlot> inA = Optional.ofNullable(ofA.get(name));
            Optional<TensorSlot> inB = Optional.ofNullable(ofB.get(name));
            if (inA.isPresent()
                    && inB.isPresent()
                    && haveSameForm(inA.get(), inB.get())
                    && Differences.areComparable(inA.get().dtype(), inB.get().dtype())) {
                pairs.add(new Differences.Pair(inA.get(), inB.get()));
            } else {
                rows.add(new DiffRow(name, inA, inB, verdict(inA, inB), Optional.empty()));
            }
        }
        List<Difference> differences = differences(a, b, pairs, tolerance);
        a.checkUnchanged();
        b.checkUnchanged();
        for (int i = 0; i < pairs.size(); i++) {
            rows.add(row(pairs.get(i), differences.get(i), tolerance));
        }
        return new DiffReport(a, b, tolerance, rows);
    }

    private static Map<String, TensorSlot> byName(TensorSource source) {
        Map<String, TensorSlot> byName = new LinkedHashMap<>();
        source.tensors().forEach(tensor -> byName.put(tensor.name(), tensor));
        return byName;
    }

    private static boolean haveSameForm(TensorSlot a, TensorSlot b) {
        return a.shape().equals(b.shape()) && a.stored().isTyped() == b.stored().isTyped();
    }

    private static Verdict verdict(Optional<TensorSlot> a, Optional<TensorSlot> b) {
        if (a.isPresent() && b.isPresent()) {
            return haveSameForm(a.get(), b.get()) ? Verdict.OTHER_TYPE : Verdict.OTHER_SHAPE;
        }
        TensorSlot present = a.or(() -> b).orElseThrow();
        if (present.aliasOf().isPresent()) {
            return Verdict.TIED; // the tensor that it is tied to is compared
        }
        return a.isPresent() ? Verdict.ONLY_IN_A : Verdict.ONLY_IN_B;
    }

    private List<Difference> differences(
            TensorSource a, TensorSource b, List<Differences.Pair> pairs, Tolerance tolerance) throws IOException {
        long bytes = pairs.stream().mapToLong(pair -> pair.a().byteSize()).sum();
        long elements = pairs.stream()
                .mapToLong(pair -> pair.a().shape().elementCount())
                .sum();
        try (Progress progress = new Progress("comparing", !json)) {
            return Differences.between(
                    a, b, pairs, tolerance, effort.effort().threads(), progress.ofElements(elements, bytes));
        }
    }

    private static DiffRow row(Differences.Pair pair, Difference difference, Tolerance tolerance) {
        Verdict verdict = Verdict.WITHIN;
        if (!tolerance.allows(difference)) {
            verdict = Verdict.BEYOND;
        } else if (difference.bitsDiffering() == 0) {
            verdict = Verdict.EQUAL;
        }
        return new DiffRow(
                pair.a().name(), Optional.of(pair.a()), Optional.of(pair.b()), verdict, Optional.of(difference));
    }
}
