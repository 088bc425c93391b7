package dev.ffmstore;

/// The order in which rows of a tensor, that is, slices of its outermost dimension, are taken from the model.
public sealed interface RowOrder {
    /// Rows stay where they are.
    RowOrder AS_STORED = new AsStored();

    /// {@return the index of the stored row that becomes a row of the dense tensor}
    ///
    /// @param row the index of the row in the dense tensor, 0 or more
    long storedRow(long row);

    /// Rows stay where they are.
    record AsStored() implements RowOrder {
        @Override
        public long storedRow(long row) {
            return row;
        }

        @Override
        public String toString() {
            return "as stored";
        }
    }

    /// Rotary pairs, which are stored side by side inside each head, are taken apart into halves, as Hugging Face's
    /// rotate-half expects them of q and k.
    ///
    /// ```text
    /// stored (GGUF)        row 0  row 1  row 2  row 3  row 4  row 5      of one head of 6 rows
    ///                       a0     b0     a1     b1     a2     b2        (aᵢ, bᵢ) turn together
    /// dense (Hugging Face)  a0     a1     a2     b0     b1     b2
    /// ```
    ///
    /// @param headRows the number of rows of a head, positive and even
    record HalvesOfPairs(long headRows) implements RowOrder {
        /// @throws IllegalArgumentException if the number is not positive and even
        public HalvesOfPairs {
            if (headRows <= 0 || headRows % 2 != 0) {
                throw new IllegalArgumentException("rows of a head: expected a positive even number, got " + headRows);
            }
        }

        @Override
        public long storedRow(long row) {
            long inHead = row % headRows;
            long half = headRows / 2;
            return row - inHead + inHead % half * 2 + inHead / half;
        }

        @Override
        public String toString() {
            return "halves of pairs, heads of " + headRows + " rows";
        }
    }
}
