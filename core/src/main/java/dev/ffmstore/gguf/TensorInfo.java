package dev.ffmstore.gguf;

import dev.ffmstore.ggml.GgmlType;

/// What a GGUF file says about one tensor. Immutable.
///
/// @param name the name, unique in its file; any valid UTF-8 of 1 to 63 bytes without NUL
/// @param type how its elements are stored
/// @param shape row-major, outermost first
/// @param offset where its first block is, in bytes from the start of the file
/// @param byteSize how many bytes its blocks take in the file
public record TensorInfo(String name, GgmlType type, Shape shape, long offset, long byteSize) {

    /// {@return the number of blocks}
    public long blockCount() {
        return byteSize / type.blockBytes();
    }

    /// {@return the size of the decoded tensor in bytes}
    public long denseByteSize() {
        return shape.elementCount() * type.denseElementBytes();
    }
}
