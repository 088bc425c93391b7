package dev.ffmstore.gguf;

import dev.ffmstore.ggml.GgmlType;

/// What a GGUF file says about one tensor. Immutable.
///
/// @param name the tensor's name, unique in its file; any valid UTF-8 of 1 to 63 bytes without NUL
/// @param type how the elements are stored
/// @param shape row-major, outermost first
/// @param offset where the first block is, in bytes from the start of the file
/// @param byteSize the size of the blocks in the file, in bytes
public record TensorInfo(String name, GgmlType type, Shape shape, long offset, long byteSize) {

    /// {@return the number of blocks that the tensor is stored in}
    public long blockCount() {
        return byteSize / type.blockBytes();
    }

    /// {@return the size of the decoded tensor in bytes}
    public long denseByteSize() {
        return shape.elementCount() * type.denseElementBytes();
    }
}
