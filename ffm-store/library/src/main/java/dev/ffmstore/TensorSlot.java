package dev.ffmstore;

import dev.ffmstore.ggml.StoredType;
import dev.ffmstore.gguf.Shape;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/// A tensor of a [TensorPlan]: what is stored, what it becomes, and where it goes. Immutable.
///
/// ```text
/// stored blocks ──decode──► floats ──× scale, − stored offset──► floats ──round──► elements of dtype
///                 elements are taken as the shares say; a plain type that stays what it is goes straight through
/// ```
///
/// Almost every slot is one stored tensor in its own order. A convention of names and layouts may also make a slot
/// of some rows of a stored tensor, of its rows in another order, or of several stored tensors.
///
/// @param name the tensor's name, in the convention of the plan
/// @param shape the tensor's shape, row-major, outermost first
/// @param dtype the type that the elements become
/// @param offset where the tensor starts in the region of a load, in bytes
/// @param byteSize the dense size in bytes
/// @param shares what is taken from which stored tensor, one or more, ascending by their first element
/// @param storedOffset the number that the model has added to every element, and that is subtracted again; 0 for
/// almost all tensors
/// @param aliasOf the name of the earlier tensor of the plan that has the same bytes, if there is one: tied weights
/// are stored once, and wanted under two names
public record TensorSlot(
        String name,
        Shape shape,
        DType dtype,
        long offset,
        long byteSize,
        List<Share> shares,
        float storedOffset,
        Optional<String> aliasOf) {

    /// @throws IllegalArgumentException if there are no shares
    public TensorSlot {
        shares = List.copyOf(shares);
        if (shares.isEmpty()) {
            throw new IllegalArgumentException("a slot without shares");
        }
    }

    /// {@return the stored tensor that the slot is made of; the first of them if there are several}
    public StoredTensor stored() {
        return shares.getFirst().stored();
    }

    /// {@return the type in which the model stores the (first) tensor}
    public StoredType type() {
        return stored().type();
    }

    /// {@return the (first) stored tensor's name in the model}
    public String storedName() {
        return stored().name();
    }

    /// {@return the names of the types in which the elements were stored originally, each once, separated by
    /// commas}
    public String origin() {
        return shares.stream().map(share -> share.stored().origin()).distinct().collect(Collectors.joining(","));
    }

    /// {@return the stored size of what is taken, in bytes}
    public long storedBytes() {
        return shares.stream().mapToLong(Share::storedBytes).sum();
    }

    /// {@return the first companion scale that is applied, if there is one}
    public Optional<Share.Scale> scale() {
        return shares.stream().flatMap(share -> share.scale().stream()).findFirst();
    }

    /// {@return where the tensor ends in the region, in bytes}
    public long end() {
        return offset + byteSize;
    }

    /// {@return whether the elements are stored bytes as they are, though maybe in another order}
    public boolean isCopied() {
        return shares.stream().allMatch(this::copies);
    }

    /// {@return the size of a decoded block of the (first) tensor in bytes, before it is converted}
    int decodedBlockBytes() {
        return shares.getFirst().decodedBlockBytes();
    }

    /// {@return whether the dense bytes are consecutive stored bytes as they are}
    public boolean isVerbatim() {
        return isCopied() && keepsOrder();
    }

    /// {@return whether the elements are what decoding and scaling give, or the stored bytes: nothing is converted
    /// or subtracted, though elements may be in another order}
    public boolean keepsElements() {
        return shares.stream().allMatch(this::keeps);
    }

    /// {@return whether the elements are consecutive in one stored tensor}
    public boolean keepsOrder() {
        return shares.size() == 1 && shares.getFirst().isRun();
    }

    /// {@return whether all elements of a stored tensor are taken, in their order}
    public boolean keepsWhole() {
        return keepsOrder() && shares.getFirst().run() == stored().shape().elementCount();
    }

    /// {@return whether the elements of a share are stored bytes as they are}
    boolean copies(Share share) {
        return dtype.isStoredAs(share.type())
                && storedOffset == 0
                && share.scale().isEmpty();
    }

    /// {@return whether the elements of a share are what decoding and scaling give, or stored bytes}
    boolean keeps(Share share) {
        return copies(share) || dtype == DType.denseOf(share.type()) && storedOffset == 0;
    }

    /// {@return whether whole blocks go straight from their file to their place}
    boolean isDecodedInPlace() {
        return keepsOrder()
                && keepsElements()
                && !isCopied()
                && shares.getFirst().storedFirst() % type().blockLength() == 0
                && shares.getFirst().run() % type().blockLength() == 0;
    }

    /// {@return the same tensor under another name}
    TensorSlot withName(String other) {
        return new TensorSlot(other, shape, dtype, offset, byteSize, shares, storedOffset, aliasOf);
    }

    /// {@return the tensor as a store holds it: dense, at its place in the region}
    public StoredTensor asDense() {
        return new StoredTensor(name, dtype.stored(), shape, 0, offset, byteSize, origin());
    }
}
