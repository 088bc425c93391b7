package dev.ffmstore.cli.report;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.ffmstore.TensorSlot;
import dev.ffmstore.gguf.Shape;
import dev.ffmstore.internal.measure.Difference;
import dev.ffmstore.internal.text.Printable;
import java.io.IOException;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;

/// The result of `diff` for one name.
///
/// @param name the name of the tensors
/// @param a the tensor of that name in A
/// @param b the tensor of that name in B
/// @param verdict how the two compare
/// @param difference the difference element by element, if the shapes are the same
public record DiffRow(
        String name, Optional<TensorSlot> a, Optional<TensorSlot> b, Verdict verdict, Optional<Difference> difference) {
    /// Orders the worst first; of two that compare alike, the one with the larger error.
    static final Comparator<DiffRow> WORST_FIRST = Comparator.comparing(DiffRow::verdict)
            .thenComparing(Comparator.comparingLong(DiffRow::nanMismatches).reversed())
            .thenComparing(Comparator.comparingDouble(DiffRow::maxAbs).reversed())
            .thenComparing(Comparator.comparingLong(DiffRow::bitsDiffering).reversed());

    /// How two tensors compare, the worst first.
    public enum Verdict {
        ONLY_IN_A("only in A"),
        ONLY_IN_B("only in B"),
        OTHER_SHAPE("other shape"),
        OTHER_TYPE("other type"),
        BEYOND("beyond"),
        WITHIN("within"),
        TIED("tied"),
        EQUAL("equal");

        private final String words;

        Verdict(String words) {
            this.words = words;
        }

        /// {@return whether files with such a tensor disagree}
        boolean disagrees() {
            return compareTo(WITHIN) < 0;
        }

        @Override
        public String toString() {
            return words;
        }
    }

    private long nanMismatches() {
        return difference.map(Difference::nanMismatches).orElse(0L);
    }

    private double maxAbs() {
        return difference.map(Difference::maxAbs).orElse(0.0);
    }

    private long bitsDiffering() {
        return difference.map(Difference::bitsDiffering).orElse(0L);
    }

    private OptionalDouble cosine() {
        return difference.map(Difference::cosine).orElse(OptionalDouble.empty());
    }

    /// Adds the columns of a table of rows.
    static Table<DiffRow> table() {
        return new Table<DiffRow>()
                .text("tensor", row -> Printable.escape(row.name()))
                .text("", row -> row.verdict().toString())
                .text("shape", DiffRow::shapes)
                .text("dtypes", DiffRow::types)
                .figure("max abs", row -> row.figure(Difference::maxAbs))
                .figure("max rel", row -> row.figure(Difference::maxRel))
                .figure(
                        "cosine",
                        row -> row.cosine().isEmpty()
                                ? ""
                                : String.format(
                                        Locale.ROOT, "%.9f", row.cosine().getAsDouble()))
                .figure("bits differ", row -> row.count(Difference::bitsDiffering))
                .figure("beyond", row -> row.count(Difference::beyond))
                .figure("NaN in one", row -> row.count(Difference::nanMismatches));
    }

    private String shapes() {
        return both(tensor -> isTyped(tensor) ? tensor.shape().toString() : tensor.byteSize() + " bytes");
    }

    private String types() {
        return both(DiffRow::type);
    }

    private static String type(TensorSlot tensor) {
        String dtype = tensor.dtype().toString();
        if (!isTyped(tensor)) {
            return "?";
        }
        return dtype.equals(tensor.origin()) ? dtype : dtype + " of " + tensor.origin();
    }

    private static boolean isTyped(TensorSlot tensor) {
        return tensor.stored().isTyped();
    }

    /// Returns the text of one side, or both texts if they are not the same.
    private String both(Function<TensorSlot, String> text) {
        String ofA = a.map(text).orElse("");
        String ofB = b.map(text).orElse("");
        if (ofA.equals(ofB) || ofB.isEmpty()) {
            return ofA;
        }
        return ofA.isEmpty() ? ofB : ofA + " / " + ofB;
    }

    private String figure(ToDoubleFunction<Difference> figure) {
        return difference.map(its -> Figures.of(figure.applyAsDouble(its))).orElse("");
    }

    private String count(ToLongFunction<Difference> count) {
        return difference.map(its -> Sizes.grouped(count.applyAsLong(its))).orElse("");
    }

    void writeJson(JsonGenerator json) throws IOException {
        json.writeStartObject();
        json.writeStringField("name", name);
        json.writeStringField("verdict", verdict.toString());
        if (a.isPresent()) {
            writeSide(json, "a", a.get());
        }
        if (b.isPresent()) {
            writeSide(json, "b", b.get());
        }
        if (difference.isPresent()) {
            Difference its = difference.get();
            json.writeNumberField("elements", its.elements());
            json.writeNumberField("bitsDiffering", its.bitsDiffering());
            json.writeNumberField("beyond", its.beyond());
            json.writeNumberField("nanMismatches", its.nanMismatches());
            Figures.write(json, "maxAbs", its.maxAbs());
            Figures.write(json, "maxRel", its.maxRel());
            if (its.worst().isPresent()) {
                json.writeNumberField("worstAt", its.worst().getAsLong());
            }
            Figures.write(json, "cosine", cosine().orElse(Double.NaN));
        }
        json.writeEndObject();
    }

    private static void writeSide(JsonGenerator json, String side, TensorSlot tensor) throws IOException {
        json.writeObjectFieldStart(side);
        if (isTyped(tensor)) {
            json.writeStringField("dtype", tensor.dtype().toString());
            json.writeStringField("storedType", tensor.origin());
            writeShape(json, tensor.shape());
        }
        json.writeNumberField("bytes", tensor.byteSize());
        if (tensor.aliasOf().isPresent()) {
            json.writeStringField("aliasOf", tensor.aliasOf().get());
        }
        json.writeEndObject();
    }

    private static void writeShape(JsonGenerator json, Shape shape) throws IOException {
        json.writeFieldName("shape");
        json.writeArray(shape.toArray(), 0, shape.rank());
    }
}
