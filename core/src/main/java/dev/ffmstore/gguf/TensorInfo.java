package dev.ffmstore.gguf;

import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.ggml.StoredType;

/// What a GGUF file says about one tensor. Immutable.
///
/// @param name the tensor's name, unique in its file; any valid UTF-8 without NUL, 1 byte or more
/// @param type how the elements are stored: a [GgmlType], or a [ForeignType] if they cannot be read
/// @param shape row-major, outermost first
/// @param offset where the first block is, in bytes from the start of the file
/// @param byteSize the size of the blocks in the file, in bytes; for a type that cannot be read, how far it is to
/// the next tensor or the end of the file
public record TensorInfo(String name, StoredType type, Shape shape, long offset, long byteSize) {

    /// {@return the number of blocks that the tensor is stored in}
    ///
    /// @throws IllegalStateException if the type cannot be read
    public long blockCount() {
        return byteSize / ggmlType().blockBytes();
    }

    /// {@return the size of the decoded tensor in bytes}
    ///
    /// @throws IllegalStateException if the type cannot be read
    public long denseByteSize() {
        return shape.elementCount() * ggmlType().denseElementBytes();
    }

    /// {@return the type, which is one of ggml's}
    ///
    /// @throws IllegalStateException if the type cannot be read
    public GgmlType ggmlType() {
        if (type instanceof GgmlType known) {
            return known;
        }
        throw new IllegalStateException(((ForeignType) type).problem(name));
    }
}
