package dev.ffmstore.cli.report;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.ffmstore.TensorSource;
import dev.ffmstore.cli.report.DiffRow.Verdict;
import dev.ffmstore.internal.measure.Tolerance;
import dev.ffmstore.internal.text.Printable;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;

/// The result of `diff`.
///
/// @param a the first source
/// @param b the second source
/// @param tolerance how far elements may be apart
/// @param rows the result for each name, the worst first
public record DiffReport(TensorSource a, TensorSource b, Tolerance tolerance, List<DiffRow> rows) {
    public DiffReport {
        rows = rows.stream().sorted(DiffRow.WORST_FIRST).toList();
    }

    /// {@return whether both sources have the same tensors, within the tolerance}
    public boolean agrees() {
        return rows.stream().noneMatch(row -> row.verdict().disagrees());
    }

    private long count(Verdict verdict) {
        return rows.stream().filter(row -> row.verdict() == verdict).count();
    }

    private long compared() {
        return rows.stream().filter(row -> row.difference().isPresent()).count();
    }

    /// Prints the rows that are not equal, or all, and then a summary.
    public void print(PrintWriter out, Verdict lastShown) {
        print(out, "A", a);
        print(out, "B", b);
        List<DiffRow> shown = rows.stream()
                .filter(row -> row.verdict().compareTo(lastShown) <= 0)
                .toList();
        if (!shown.isEmpty()) {
            out.println();
            DiffRow.table().print(out, shown);
        }
        out.println();
        out.println(summary());
    }

    private static void print(PrintWriter out, String side, TensorSource source) {
        out.println(side + ": " + Printable.escape(source.name()) + ", "
                + Sizes.grouped(source.tensors().size()) + " tensors, names and layouts: "
                + Printable.escape(source.convention()));
    }

    private String summary() {
        List<String> parts = new ArrayList<>();
        parts.add(Sizes.grouped(compared()) + " tensors compared");
        parts.add(Sizes.grouped(count(Verdict.EQUAL)) + " equal bit for bit");
        addIfAny(parts, Verdict.WITHIN, "within " + allowance());
        addIfAny(parts, Verdict.BEYOND, "beyond " + allowance());
        addIfAny(parts, Verdict.OTHER_SHAPE, "of another shape");
        addIfAny(parts, Verdict.OTHER_TYPE, "of another type");
        addIfAny(parts, Verdict.ONLY_IN_A, "only in A");
        addIfAny(parts, Verdict.ONLY_IN_B, "only in B");
        addIfAny(parts, Verdict.TIED, "tied to another in one, absent in the other");
        return (agrees() ? "equal: " : "different: ") + String.join(", ", parts);
    }

    private void addIfAny(List<String> parts, Verdict verdict, String words) {
        if (count(verdict) > 0) {
            parts.add(Sizes.grouped(count(verdict)) + " " + words);
        }
    }

    private String allowance() {
        return switch (tolerance) {
            case Tolerance.Exact _ -> "equality of bits";
            case Tolerance.Within within ->
                "atol " + Figures.of(within.atol()) + " and rtol " + Figures.of(within.rtol());
        };
    }

    public void writeJson(JsonGenerator json) throws IOException {
        writeSide(json, "a", a);
        writeSide(json, "b", b);
        if (tolerance instanceof Tolerance.Within within) {
            json.writeNumberField("atol", within.atol());
            json.writeNumberField("rtol", within.rtol());
        }
        json.writeBooleanField("agrees", agrees());
        json.writeNumberField("compared", compared());
        json.writeArrayFieldStart("tensors");
        for (DiffRow row : rows) {
            row.writeJson(json);
        }
        json.writeEndArray();
    }

    private static void writeSide(JsonGenerator json, String side, TensorSource source) throws IOException {
        json.writeObjectFieldStart(side);
        json.writeStringField("file", source.name());
        json.writeStringField("convention", source.convention());
        json.writeNumberField("tensors", source.tensors().size());
        json.writeEndObject();
    }
}
