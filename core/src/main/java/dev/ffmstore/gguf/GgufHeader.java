package dev.ffmstore.gguf;

import java.util.List;

/// What the parser makes of a file.
///
/// @param version 2 or 3
/// @param alignment in bytes, a power of two
/// @param dataOffset where tensor data starts, in bytes from the start of the file; may lie past its end if there
/// is no data
/// @param metadata keys and values
/// @param tensors in the file's order
/// @param warnings what is odd, fit to print
record GgufHeader(
        int version,
        int alignment,
        long dataOffset,
        Metadata metadata,
        List<TensorInfo> tensors,
        List<String> warnings) {}
