package dev.ffmstore.internal.names;

import java.util.List;

/// What is done to the elements of one stored tensor on their way into a convention, before it is joined with
/// others. No operation changes a value: each says which element goes where.
public sealed interface Operation {
    /// Rows, that is, slices of the outermost dimension, are stored as rotary pairs inside each head, and become
    /// halves.
    ///
    /// ```text
    /// stored   a0 b0 a1 b1 a2 b2      of one head of 6 rows; (aᵢ, bᵢ) turn together
    /// halves   a0 a1 a2 b0 b1 b2
    /// ```
    ///
    /// @param heads the number of heads, positive
    record Halves(long heads) implements Operation {
        @Override
        public String toString() {
            return "halves " + heads;
        }
    }

    /// The inverse of [Halves]: halves become pairs.
    ///
    /// @param heads the number of heads, positive
    record Pairs(long heads) implements Operation {
        @Override
        public String toString() {
            return "pairs " + heads;
        }
    }

    /// Some of the rows.
    ///
    /// @param from the first row
    /// @param to the row after the last one
    record Rows(long from, long to) implements Operation {
        @Override
        public String toString() {
            return "rows " + from + ":" + to;
        }
    }

    /// One row, without the outermost dimension.
    ///
    /// @param index which one
    record Slice(long index) implements Operation {
        @Override
        public String toString() {
            return "slice " + index;
        }
    }

    /// The two innermost dimensions change places.
    record Transpose() implements Operation {
        @Override
        public String toString() {
            return "transpose";
        }
    }

    /// The same elements in the same order, with other dimensions.
    ///
    /// @param dimensions the dimensions, outermost first; −1, once at most, for what is left
    record Reshape(List<Long> dimensions) implements Operation {
        @Override
        public String toString() {
            StringBuilder text = new StringBuilder("reshape");
            dimensions.forEach(dimension -> text.append(' ').append(dimension));
            return text.toString();
        }
    }
}
