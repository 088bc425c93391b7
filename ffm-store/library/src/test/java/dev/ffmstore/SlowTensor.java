package dev.ffmstore;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;

/// A small tensor of numbers that stand for elements, with every layout operation done the slow way: by computing
/// each index. What does not fit is an [IllegalArgumentException].
record SlowTensor(int[] shape, int[] elements) {
    /// {@return a tensor whose elements are numbered from a first one on}
    static SlowTensor numbered(int first, int... shape) {
        int count = Arrays.stream(shape).reduce(1, (a, b) -> a * b);
        return new SlowTensor(shape, IntStream.range(first, first + count).toArray());
    }

    private static void require(boolean fits) {
        if (!fits) {
            throw new IllegalArgumentException();
        }
    }

    private int rowLength() {
        return elements.length / shape[0];
    }

    private SlowTensor withRows(int[] rows, int... dimensions) {
        int length = rowLength();
        int[] taken = new int[rows.length * length];
        for (int i = 0; i < rows.length; i++) {
            System.arraycopy(elements, rows[i] * length, taken, i * length, length);
        }
        return new SlowTensor(dimensions, taken);
    }

    private SlowTensor reordered(int heads, IntUnaryOperator stored) {
        require(shape[0] % (2 * heads) == 0);
        int rows = shape[0] / heads;
        return withRows(
                IntStream.range(0, shape[0])
                        .map(row -> row / rows * rows + stored.applyAsInt(row % rows))
                        .toArray(),
                shape);
    }

    SlowTensor halves(int heads) {
        int half = shape[0] / heads / 2;
        return reordered(heads, row -> row < half ? 2 * row : 2 * (row - half) + 1);
    }

    SlowTensor pairs(int heads) {
        int half = shape[0] / heads / 2;
        return reordered(heads, row -> row % 2 * half + row / 2);
    }

    SlowTensor rows(int from, int to) {
        require(0 <= from && from < to && to <= shape[0]);
        int[] dimensions = shape.clone();
        dimensions[0] = to - from;
        return withRows(IntStream.range(from, to).toArray(), dimensions);
    }

    SlowTensor slice(int index) {
        require(index < shape[0]);
        return withRows(new int[] {index}, Arrays.copyOfRange(shape, 1, shape.length));
    }

    SlowTensor transposed() {
        require(shape.length >= 2);
        int rows = shape[shape.length - 2];
        int columns = shape[shape.length - 1];
        int[] dimensions = shape.clone();
        dimensions[shape.length - 2] = columns;
        dimensions[shape.length - 1] = rows;
        int[] moved = new int[elements.length];
        for (int i = 0; i < elements.length; i++) {
            int matrix = i / (rows * columns);
            int row = i / columns % rows;
            int column = i % columns;
            moved[matrix * rows * columns + column * rows + row] = elements[i];
        }
        return new SlowTensor(dimensions, moved);
    }

    SlowTensor reshaped(int... dimensions) {
        int known = Arrays.stream(dimensions).filter(d -> d != -1).reduce(1, (a, b) -> a * b);
        require(Arrays.stream(dimensions).filter(d -> d == -1).count() <= 1
                && known > 0
                && elements.length % known == 0);
        int[] other = Arrays.stream(dimensions)
                .map(d -> d == -1 ? elements.length / known : d)
                .toArray();
        require(Arrays.stream(other).reduce(1, (a, b) -> a * b) == elements.length);
        return new SlowTensor(other, elements);
    }

    static SlowTensor concat(int axis, List<SlowTensor> tensors) {
        int[] dimensions = tensors.getFirst().shape.clone();
        require(axis < dimensions.length);
        dimensions[axis] = 0;
        int outer = Arrays.stream(dimensions, 0, axis).reduce(1, (a, b) -> a * b);
        for (SlowTensor tensor : tensors) {
            require(tensor.shape.length == dimensions.length);
            for (int i = 0; i < dimensions.length; i++) {
                require(i == axis || tensor.shape[i] == tensors.getFirst().shape[i]);
            }
            dimensions[axis] += tensor.shape[axis];
        }
        List<Integer> joined = new ArrayList<>();
        for (int i = 0; i < outer; i++) {
            for (SlowTensor tensor : tensors) {
                int length = tensor.elements.length / outer;
                for (int k = 0; k < length; k++) {
                    joined.add(tensor.elements[i * length + k]);
                }
            }
        }
        return new SlowTensor(
                dimensions, joined.stream().mapToInt(Integer::intValue).toArray());
    }

    static SlowTensor stacked(List<SlowTensor> tensors) {
        return concat(
                0,
                tensors.stream()
                        .map(tensor -> new SlowTensor(
                                IntStream.concat(IntStream.of(1), Arrays.stream(tensor.shape))
                                        .toArray(),
                                tensor.elements))
                        .toList());
    }

    static SlowTensor interleaved(List<SlowTensor> tensors) {
        int rank = tensors.getFirst().shape.length;
        SlowTensor pairs = concat(
                rank,
                tensors.stream()
                        .map(tensor -> new SlowTensor(
                                IntStream.concat(Arrays.stream(tensor.shape), IntStream.of(1))
                                        .toArray(),
                                tensor.elements))
                        .toList());
        int[] dimensions = Arrays.copyOf(pairs.shape, rank);
        dimensions[rank - 1] *= tensors.size();
        return new SlowTensor(dimensions, pairs.elements);
    }
}
