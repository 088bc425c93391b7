package dev.ffmstore.ggml;

import java.lang.foreign.MemorySegment;

/// Decodes blocks of one type into dense elements.
///
/// The dense form is little-endian: 32-bit floats for every type except the plain types F64, I8, I16, I32 and I64,
/// which are copied as they are. A decoder may hold scratch memory: it is cheap to obtain, and only one thread at a
/// time may use it.
public interface BlockDecoder {

    /// {@return the type of the blocks that this decodes}
    StoredType type();

    /// Decodes `blockCount` consecutive blocks.
    ///
    /// Any segment will do, including heap segments, unaligned offsets and read-only sources; vectors are used only
    /// between native segments. For speed, keep to one kind of arena: a JVM that has seen several kinds in one
    /// decoder compiles it for all of them. The two ranges must not overlap. Nothing is allocated per block. Bytes
    /// of `dense` outside the range written stay as they are.
    ///
    /// @param blocks the segment with the blocks
    /// @param blocksOffset the offset of the first block, in bytes
    /// @param dense the segment that the elements are written to
    /// @param denseOffset the offset of the first element, in bytes
    /// @param blockCount how many blocks to decode, 0 or more
    /// @throws IndexOutOfBoundsException if a range is not inside its segment; nothing is written then
    void decode(MemorySegment blocks, long blocksOffset, MemorySegment dense, long denseOffset, long blockCount);
}
