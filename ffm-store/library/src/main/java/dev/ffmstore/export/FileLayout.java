package dev.ffmstore.export;

import dev.ffmstore.gguf.Source;
import java.util.ArrayList;
import java.util.List;

/// What a file is made of, piece after piece, every offset known before the first byte is written.
///
/// From a layout and the source of its constants any byte range of the file can be rendered, in any order, by any
/// number of workers. Immutable.
public final class FileLayout {
    /// A stretch of the file.
    public sealed interface Piece {
        /// {@return its size in bytes, 1 or more}
        long size();
    }

    /// Bytes as they are; not to be changed by who reads them.
    ///
    /// @param bytes the bytes
    @SuppressWarnings("ArrayRecordComponent") // compared by nobody
    public record Literal(byte[] bytes) implements Piece {
        @Override
        public long size() {
            return bytes.length;
        }
    }

    /// One byte, over and over.
    ///
    /// @param value the byte
    /// @param size how often
    public record Fill(byte value, long size) implements Piece {}

    /// A constant's dense bytes.
    ///
    /// @param constant the constant
    public record Raw(Constant constant) implements Piece {
        @Override
        public long size() {
            return constant.byteSize();
        }
    }

    /// A constant's dense bytes, each as two upper-case hexadecimal digits.
    ///
    /// @param constant the constant
    public record Hex(Constant constant) implements Piece {
        @Override
        public long size() {
            return Math.multiplyExact(constant.byteSize(), 2);
        }
    }

    /// A byte range of another file, as it is.
    ///
    /// @param source the other file
    /// @param offset where the range starts in it
    /// @param size the size of the range
    public record Copy(Source source, long offset, long size) implements Piece {}

    /// A piece in its place.
    ///
    /// @param offset where it starts in the file, in bytes
    /// @param piece the piece
    public record Placed(long offset, Piece piece) {
        /// {@return where it ends in the file, in bytes}
        public long end() {
            return offset + piece.size();
        }
    }

    private final List<Placed> pieces;
    private final long size;

    private FileLayout(List<Placed> pieces, long size) {
        this.pieces = List.copyOf(pieces);
        this.size = size;
    }

    /// {@return a builder of an empty layout}
    public static Builder builder() {
        return new Builder();
    }

    /// {@return the pieces, ascending, without gaps}
    public List<Placed> pieces() {
        return pieces;
    }

    /// {@return the size of the file in bytes}
    public long size() {
        return size;
    }

    /// {@return the index of the first piece that ends behind an offset of the file; their number if none does}
    public int firstPieceBehind(long offset) {
        int low = 0;
        int high = pieces.size();
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (pieces.get(middle).end() > offset) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return low;
    }

    /// Puts pieces one behind the other. Empty ones are left out.
    public static final class Builder {
        private final List<Placed> pieces = new ArrayList<>();
        private long size;

        private Builder() {}

        /// Adds a piece.
        ///
        /// @throws ArithmeticException if the file would be larger than a signed 64-bit size
        public Builder add(Piece piece) {
            if (piece.size() > 0) {
                pieces.add(new Placed(size, piece));
                size = Math.addExact(size, piece.size());
            }
            return this;
        }

        /// Adds zeros up to the next multiple of an alignment.
        ///
        /// @param alignment in bytes, a power of two
        public Builder align(int alignment) {
            return add(new Fill((byte) 0, -size & (alignment - 1)));
        }

        /// {@return how large the file is so far, in bytes: where the next piece will start}
        public long size() {
            return size;
        }

        /// {@return the layout}
        public FileLayout build() {
            return new FileLayout(pieces, size);
        }
    }
}
