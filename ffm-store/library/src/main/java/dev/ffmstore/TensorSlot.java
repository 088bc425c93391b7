package dev.ffmstore;

import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.gguf.Shape;
import java.util.Optional;

/// A tensor of a [TensorPlan]: what is stored, what it becomes, and where it goes. Immutable.
///
/// ```text
/// stored blocks ──decode──► floats ──× scale, − stored offset──► floats ──round──► elements of dtype
///                 rows are taken in the row order; a plain type that stays what it is goes straight through
/// ```
///
/// @param name the name, in the convention of the plan
/// @param stored what the model holds
/// @param dtype what its elements become
/// @param offset where it starts in the region of a load, in bytes
/// @param byteSize its dense size in bytes
/// @param scale what its elements are multiplied by, if they are
/// @param rowOrder where its rows come from
/// @param storedOffset what the model has added to every element, taken off again; 0 for almost all tensors
/// @param aliasOf the name of the earlier tensor of the plan that has the same bytes, if there is one: tied weights
/// are stored once, and wanted under two names
public record TensorSlot(
        String name,
        StoredTensor stored,
        DType dtype,
        long offset,
        long byteSize,
        Optional<Scale> scale,
        RowOrder rowOrder,
        float storedOffset,
        Optional<String> aliasOf) {

    /// A companion scale that is applied.
    ///
    /// @param stored the tensor that holds it, of type F32, F16 or BF16
    /// @param count how many elements there are: one for the whole tensor, or one for each outermost slice
    public record Scale(StoredTensor stored, long count) {}

    /// {@return the shape, row-major, outermost first}
    public Shape shape() {
        return stored.shape();
    }

    /// {@return how the model stores it}
    public GgmlType type() {
        return stored.type();
    }

    /// {@return its name in the model}
    public String storedName() {
        return stored.name();
    }

    /// {@return where it ends in the region, in bytes}
    public long end() {
        return offset + byteSize;
    }

    /// {@return whether its elements are the stored bytes as they are, though maybe in another order of rows}
    public boolean isCopied() {
        return dtype.isStoredAs(type()) && storedOffset == 0 && scale.isEmpty();
    }

    /// {@return whether its dense bytes are the stored bytes as they are, from the first to the last}
    public boolean isVerbatim() {
        return isCopied() && keepsRows();
    }

    /// {@return whether decoded blocks are its elements already, if they have to be decoded at all: nothing is
    /// converted or taken off, though rows may be in another order}
    public boolean keepsElements() {
        return isCopied() || dtype == DType.denseOf(type()) && storedOffset == 0;
    }

    /// {@return whether its rows are in the stored order}
    public boolean keepsRows() {
        return rowOrder.equals(RowOrder.AS_STORED);
    }

    /// {@return the tensor as a store or a file of dense bytes has it, at its place in the region}
    public StoredTensor asDense() {
        GgmlType plain = GgmlType.valueOf(dtype.name()); // what is dense has the same name there
        return new StoredTensor(name, plain, shape(), 0, offset, byteSize, stored.origin());
    }

    /// {@return the number of elements of a row, in the sense of [RowOrder]: a slice of the outermost dimension}
    long rowElements() {
        return shape().rank() == 0 ? 1 : shape().elementCount() / Math.max(1, shape().dimension(0));
    }
}
