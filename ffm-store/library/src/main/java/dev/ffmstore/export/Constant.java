package dev.ffmstore.export;

import dev.ffmstore.DType;
import dev.ffmstore.gguf.Shape;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/// A named dense tensor that can be read from a [ConstantSource].
///
/// @param name its name in the source's convention
/// @param dtype the type of its elements
/// @param shape row-major, outermost first
/// @param byteSize its dense size in bytes
/// @param storedType how the model stores it, such as `Q4_K`; the dtype's name if it is not stored otherwise
/// @param aliasOf the name of an earlier constant of the source that has the same bytes (tied weights), if there is
/// one: a format that can share storage writes them once
/// @param segment its bytes, little-endian, row after row, if they are in memory; readable as long as the source is
public record Constant(
        String name,
        DType dtype,
        Shape shape,
        long byteSize,
        String storedType,
        Optional<String> aliasOf,
        Optional<MemorySegment> segment) {}
