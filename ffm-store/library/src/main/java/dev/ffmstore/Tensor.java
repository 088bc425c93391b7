package dev.ffmstore;

import dev.ffmstore.gguf.Shape;
import java.lang.foreign.MemorySegment;

/// A dense tensor in memory.
///
/// @param name the tensor's name: that in the file, unless another convention of names was asked for
/// @param dtype the type of the elements
/// @param shape row-major, outermost first
/// @param segment the elements, little-endian, row after row; read-only, 64-byte aligned, readable from every
///     thread until the store (or the arena the caller gave it) is closed, after which access throws
///     `IllegalStateException`
public record Tensor(String name, DType dtype, Shape shape, MemorySegment segment) {

    /// {@return the size in bytes}
    public long byteSize() {
        return segment.byteSize();
    }
}
