package dev.ffmstore.export;

import dev.ffmstore.TensorSlot;
import dev.ffmstore.TensorSource;
import dev.ffmstore.gguf.Source;
import dev.ffmstore.internal.text.Problem;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// What a file is made of, piece by piece, with every offset known before the first byte is written.
///
/// A layout holds the source of the tensors in it, so that it cannot be rendered with those of another: any byte
/// range of the file can be rendered from the layout alone, in any order, by any number of workers, as long as the
/// model is open. Immutable.
public final class FileLayout {
    /// A stretch of the file.
    public sealed interface Piece {
        /// {@return the size of the piece in bytes, 1 or more}
        long size();
    }

    /// Bytes as they are; whoever reads the array must not change it.
    ///
    /// @param bytes the bytes, not copied
    @SuppressWarnings("ArrayRecordComponent") // compared by nobody
    public record Literal(byte[] bytes) implements Piece {
        @Override
        public long size() {
            return bytes.length;
        }
    }

    /// One byte, repeated.
    ///
    /// @param value the byte
    /// @param size how many times, 1 or more
    public record Fill(byte value, long size) implements Piece {}

    /// A tensor's dense bytes.
    ///
    /// @param tensor a tensor of the layout's source
    public record Raw(TensorSlot tensor) implements Piece {
        @Override
        public long size() {
            return tensor.byteSize();
        }
    }

    /// A tensor's dense bytes, each as two upper-case hexadecimal digits.
    ///
    /// @param tensor a tensor of the layout's source
    public record Hex(TensorSlot tensor) implements Piece {
        @Override
        public long size() {
            return Math.multiplyExact(tensor.byteSize(), 2);
        }
    }

    /// A byte range of another file, as it is.
    ///
    /// @param source the other file, which must stay open while the layout is used
    /// @param offset where the range starts in the other file, in bytes
    /// @param size the size of the range in bytes
    public record Copy(Source source, long offset, long size) implements Piece {}

    /// A piece at its place in the file.
    ///
    /// @param offset where the piece starts in the file, in bytes
    /// @param piece the piece
    public record Placed(long offset, Piece piece) {
        /// {@return where the piece ends in the file, in bytes}
        public long end() {
            return offset + piece.size();
        }
    }

    private final Optional<TensorSource> tensors;
    private final List<Placed> pieces;
    private final long size;

    private FileLayout(Optional<TensorSource> tensors, List<Placed> pieces, long size) {
        this.tensors = tensors;
        this.pieces = List.copyOf(pieces);
        this.size = size;
    }

    /// {@return an empty builder for a file without tensors}
    public static Builder builder() {
        return new Builder(Optional.empty());
    }

    /// {@return an empty builder for a file with tensors}
    ///
    /// @param tensors the source of all tensors in the file
    public static Builder builder(TensorSource tensors) {
        return new Builder(Optional.of(tensors));
    }

    /// {@return the layout of a file of these bytes, without tensors}
    public static FileLayout of(byte[] bytes) {
        return builder().add(new Literal(bytes)).build();
    }

    /// {@return the source of the tensors in the file; empty if it has none}
    public Optional<TensorSource> tensors() {
        return tensors;
    }

    /// {@return the pieces of the file, ascending, without gaps}
    public List<Placed> pieces() {
        return pieces;
    }

    /// {@return the size of the file in bytes}
    public long size() {
        return size;
    }

    /// {@return the index of the first piece that ends after an offset of the file; the number of pieces if none
    /// does}
    public int firstPieceAfter(long offset) {
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

    /// Puts pieces one after the other. Empty pieces are left out.
    public static final class Builder {
        private final Optional<TensorSource> tensors;
        private final List<Placed> pieces = new ArrayList<>();
        private long size;

        private Builder(Optional<TensorSource> tensors) {
            this.tensors = tensors;
        }

        /// Adds a piece at the end.
        ///
        /// @throws IllegalArgumentException if the piece is a tensor that is not from the layout's source
        /// @throws ArithmeticException if the file would be larger than a signed 64-bit size
        public Builder add(Piece piece) {
            requireOwn(piece);
            if (piece.size() > 0) {
                pieces.add(new Placed(size, piece));
                size = Math.addExact(size, piece.size());
            }
            return this;
        }

        private void requireOwn(Piece piece) {
            TensorSlot tensor = switch (piece) {
                case Raw raw -> raw.tensor();
                case Hex hex -> hex.tensor();
                case Literal _, Fill _, Copy _ -> null;
            };
            if (tensor != null
                    && !tensors.flatMap(source -> source.find(tensor.name())).equals(Optional.of(tensor))) {
                throw new IllegalArgumentException(
                        Problem.fill("tensor {} is not of the source of the layout", tensor.name()));
            }
        }

        /// Adds zeros up to the next multiple of an alignment.
        ///
        /// @param alignment the alignment in bytes, a power of two
        public Builder align(int alignment) {
            return add(new Fill((byte) 0, -size & (alignment - 1)));
        }

        /// {@return how large the file is so far, in bytes: where the next piece will start}
        public long size() {
            return size;
        }

        /// {@return the layout of the pieces so far}
        public FileLayout build() {
            return new FileLayout(tensors, pieces, size);
        }
    }
}
