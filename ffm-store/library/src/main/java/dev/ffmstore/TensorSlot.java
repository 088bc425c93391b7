package dev.ffmstore;

import dev.ffmstore.ggml.StoredType;
import dev.ffmstore.gguf.Shape;
import java.util.Optional;

/// A tensor of a [TensorPlan]: what is stored, what it becomes, and where it goes. Immutable.
///
/// ```text
/// stored blocks ──decode──► floats ──× scale, − stored offset──► floats ──round──► elements of dtype
///                 rows are taken in the row order; a plain type that stays what it is goes straight through
/// ```
///
/// @param name the tensor's name, in the convention of the plan
/// @param stored the tensor as the model holds it
/// @param dtype the type that the elements become
/// @param offset where the tensor starts in the region of a load, in bytes
/// @param byteSize the dense size in bytes
/// @param scale what the elements are multiplied by, if anything
/// @param rowOrder the order in which rows are taken from the model
/// @param storedOffset the number that the model has added to every element, and that is subtracted again; 0 for
/// almost all tensors
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
    /// @param stored the tensor that holds it, of floats; its elements are the factors, row-major
    /// @param block the shape of the block of elements that each factor is for: of the weight's rank, no dimension
    /// zero; blocks at the ends may be cut
    public record Scale(StoredTensor stored, Shape block) {}

    /// {@return the tensor's shape, row-major, outermost first}
    public Shape shape() {
        return stored.shape();
    }

    /// {@return the type in which the model stores the tensor}
    public StoredType type() {
        return stored.type();
    }

    /// {@return the tensor's name in the model}
    public String storedName() {
        return stored.name();
    }

    /// {@return where the tensor ends in the region, in bytes}
    public long end() {
        return offset + byteSize;
    }

    /// {@return whether the elements are the stored bytes as they are, though maybe with rows in another order}
    public boolean isCopied() {
        return dtype.isStoredAs(type()) && storedOffset == 0 && scale.isEmpty();
    }

    /// {@return the size of a decoded block in bytes, before it is converted}
    int decodedBlockBytes() {
        return type().blockLength() * DType.denseOf(type()).byteSize();
    }

    /// {@return whether the dense bytes are the stored bytes as they are, from the first to the last}
    public boolean isVerbatim() {
        return isCopied() && keepsRows();
    }

    /// {@return whether the elements are what decoding and scaling give, or the stored bytes: nothing is converted
    /// or subtracted, though rows may be in another order}
    public boolean keepsElements() {
        return isCopied() || dtype == DType.denseOf(type()) && storedOffset == 0;
    }

    /// {@return whether the rows are in the stored order}
    public boolean keepsRows() {
        return rowOrder.equals(RowOrder.AS_STORED);
    }

    /// {@return the tensor as a store holds it: dense, at its place in the region}
    public StoredTensor asDense() {
        return new StoredTensor(name, dtype.stored(), shape(), 0, offset, byteSize, stored.origin());
    }

    /// {@return the number of elements of a row, in the sense of [RowOrder]: a slice of the outermost dimension}
    long rowElements() {
        return shape().rank() == 0 ? 1 : shape().elementCount() / Math.max(1, shape().dimension(0));
    }
}
