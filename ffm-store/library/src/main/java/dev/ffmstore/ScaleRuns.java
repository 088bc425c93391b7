package dev.ffmstore;

import dev.ffmstore.gguf.Shape;

/// Which factor of a companion scale each element of a weight is multiplied by.
///
/// ```text
/// weight [3, 5], blocks of [2, 2]      a a b b c      scale [2, 3]:  a b c
///                                      a a b b c                     d e f
///                                      d d e e f
/// ```
///
/// Elements in row-major order have the same factor run by run. Immutable.
final class ScaleRuns {
    private final long[] dimensions;
    private final long[] block;

    /// How many elements a step along each axis is apart.
    private final long[] stride;

    /// How many factors a step to the next block along each axis is apart.
    private final long[] factorStride;

    /// The innermost axis along which there is more than one block; -1 if there is one factor in all.
    private final int axis;

    /// @param weight the shape of the weight, of one element or more
    /// @param block the shape of the block that a factor is for, of the same rank, no dimension zero
    ScaleRuns(Shape weight, Shape block) {
        this.dimensions = weight.toArray();
        this.block = block.toArray();
        int rank = dimensions.length;
        this.stride = new long[rank];
        this.factorStride = new long[rank];
        long elements = 1;
        long factors = 1;
        int innermost = -1;
        for (int i = rank - 1; i >= 0; i--) {
            stride[i] = elements;
            factorStride[i] = factors;
            elements *= dimensions[i];
            factors *= Math.ceilDiv(dimensions[i], this.block[i]);
            if (innermost < 0 && this.block[i] < dimensions[i]) {
                innermost = i;
            }
        }
        this.axis = innermost;
    }

    /// {@return the index of an element's factor in the scale}
    long factorOf(long element) {
        long factor = 0;
        for (int i = 0; i <= axis; i++) {
            factor += element / stride[i] % dimensions[i] / block[i] * factorStride[i];
        }
        return factor;
    }

    /// {@return the first element after this one that may have another factor}
    long endOf(long element) {
        if (axis < 0) {
            return Long.MAX_VALUE;
        }
        long at = element / stride[axis] % dimensions[axis];
        long next = Math.min(dimensions[axis], (at / block[axis] + 1) * block[axis]);
        return element - element % stride[axis] + (next - at) * stride[axis];
    }
}
