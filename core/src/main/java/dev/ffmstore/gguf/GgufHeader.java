package dev.ffmstore.gguf;

import java.util.List;

/// A header as the parser has read it.
///
/// @param version 2 or 3
/// @param alignment the alignment of tensor data in bytes, a power of two
/// @param dataOffset where tensor data starts, in bytes from the start of the file; may be past the file's end if
/// there is no data
/// @param metadata keys and values
/// @param tensors the tensors, in the file's order
/// @param warnings what is odd about the file, safe to print
record GgufHeader(
        int version, int alignment, long dataOffset, Metadata metadata, TensorTable tensors, List<String> warnings) {}
