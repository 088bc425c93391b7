package dev.ffmstore.internal.vector;

import java.lang.foreign.MemorySegment;

/// Decodes blocks from a segment to a segment. Stateless; the ranges have been checked.
@FunctionalInterface
interface VectorKernel {
    void decode(MemorySegment blocks, long from, MemorySegment dense, long to, long blockCount);
}
