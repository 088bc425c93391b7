package dev.ffmstore.gguf;

import java.util.Arrays;
import java.util.stream.Collectors;

/// The dimensions of a tensor, row-major, outermost first: `[32000, 2048]` is 32,000 rows of 2,048 elements each.
///
/// GGUF stores the same numbers in reverse. A scalar has rank 0 and one element; a tensor with a zero dimension
/// has none. Immutable.
public final class Shape {
    private final long[] dimensions;
    private final long elementCount;

    private Shape(long[] dimensions) {
        this.dimensions = dimensions;
        this.elementCount = count(dimensions);
    }

    /// {@return a shape of these dimensions}
    ///
    /// @param dimensions each ≥ 0, outermost first
    /// @throws IllegalArgumentException if one is negative
    /// @throws ArithmeticException if the product of those that are not zero is more than a long holds
    public static Shape of(long... dimensions) {
        return new Shape(dimensions.clone());
    }

    private static long count(long[] dimensions) {
        long product = 1;
        boolean empty = false;
        for (long dimension : dimensions) {
            if (dimension < 0) {
                throw new IllegalArgumentException("negative dimension: " + dimension);
            }
            if (dimension == 0) {
                empty = true;
            } else {
                product = Math.multiplyExact(product, dimension);
            }
        }
        return empty ? 0 : product;
    }

    /// {@return the number of dimensions}
    public int rank() {
        return dimensions.length;
    }

    /// {@return the size of one dimension}
    ///
    /// @param axis 0 for the outermost dimension, `rank()` − 1 for the innermost
    public long dimension(int axis) {
        return dimensions[axis];
    }

    /// {@return the length of a row, that is, of the innermost dimension; 1 for a scalar}
    public long rowLength() {
        return dimensions.length == 0 ? 1 : dimensions[dimensions.length - 1];
    }

    /// {@return the number of elements, 0 or more}
    public long elementCount() {
        return elementCount;
    }

    /// {@return the dimensions, outermost first, in a new array}
    public long[] toArray() {
        return dimensions.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Shape that && Arrays.equals(dimensions, that.dimensions);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(dimensions);
    }

    /// {@return the dimensions as `[32000, 2048]`}
    @Override
    public String toString() {
        return Arrays.stream(dimensions).mapToObj(Long::toString).collect(Collectors.joining(", ", "[", "]"));
    }
}
