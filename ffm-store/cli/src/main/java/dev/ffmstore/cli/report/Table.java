package dev.ffmstore.cli.report;

import com.github.freva.asciitable.AsciiTable;
import com.github.freva.asciitable.Column;
import com.github.freva.asciitable.ColumnData;
import com.github.freva.asciitable.HorizontalAlign;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Function;

/// A printed table with a row for each `T`.
public final class Table<T> {
    /// The width of a cell, which is never wrapped: a row is a line, which other tools can search.
    private static final int UNLIMITED = 10_000;

    private final List<ColumnData<T>> columns = new ArrayList<>();

    /// Adds a column of text.
    public Table<T> text(String header, Function<T, String> cell) {
        return column(header, HorizontalAlign.LEFT, cell);
    }

    /// Adds a column of numbers.
    public Table<T> number(String header, Function<T, Long> cell) {
        return column(header, HorizontalAlign.RIGHT, row -> Sizes.grouped(cell.apply(row)));
    }

    /// Adds a column of figures that are written out already.
    public Table<T> figure(String header, Function<T, String> cell) {
        return column(header, HorizontalAlign.RIGHT, cell);
    }

    private Table<T> column(String header, HorizontalAlign align, Function<T, String> cell) {
        columns.add(new Column()
                .header(header)
                .headerAlign(align)
                .dataAlign(align)
                .maxWidth(UNLIMITED)
                .with(cell));
        return this;
    }

    /// Prints the rows under the headers.
    public void print(PrintWriter out, Collection<T> rows) {
        out.println(AsciiTable.builder()
                .border(AsciiTable.BASIC_ASCII_NO_DATA_SEPARATORS_NO_OUTSIDE_BORDER)
                .lineSeparator(System.lineSeparator())
                .data(rows, columns)
                .asString());
    }
}
