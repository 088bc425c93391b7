package dev.ffmstore;

import dev.ffmstore.gguf.Shape;
import dev.ffmstore.internal.names.Operation;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;

/// A stored tensor with operations applied: which stored element is at which index. Immutable; it holds no
/// elements.
///
/// Axes in row-major order say where elements are; dimensions are what the axes are called together. A dimension
/// may be several axes, as rows are once pairs have become halves: an axis of heads, one of halves, one of rows.
///
/// @param shape the dimensions, outermost first
/// @param first the stored element at index 0
/// @param axes where elements are, outermost first; their counts, 2 or more, multiply to the number of elements.
/// None if there is one element, or none
record View(Shape shape, long first, List<Axis> axes) {
    /// Stored elements at regular distances.
    ///
    /// @param count how many there are
    /// @param stride from one to the next
    record Axis(long count, long stride) {}

    View {
        axes = List.copyOf(axes);
    }

    /// {@return a tensor as it is stored}
    static View of(Shape shape) {
        long count = shape.elementCount();
        return new View(shape, 0, count < 2 ? List.of() : List.of(new Axis(count, 1)));
    }

    /// {@return the tensor after one more operation}
    ///
    /// @throws IllegalArgumentException if it does not fit the shape, saying why
    View with(Operation operation) {
        return switch (operation) {
            case Operation.Halves halves -> {
                long half = rowsOfHead(halves.heads()) / 2;
                yield withHeads(halves.heads(), new Axis(2, 1), new Axis(half, 2));
            }
            case Operation.Pairs pairs -> {
                long half = rowsOfHead(pairs.heads()) / 2;
                yield withHeads(pairs.heads(), new Axis(half, 1), new Axis(2, half));
            }
            case Operation.Rows rows -> rows(rows.from(), rows.to());
            case Operation.Slice slice -> slice(slice.index());
            case Operation.Transpose _ -> transposed();
            case Operation.Reshape reshape -> new View(reshaped(shape, reshape), first, axes);
        };
    }

    private long rowsOfHead(long heads) {
        long rows = shape.rank() == 0 ? 1 : shape.dimension(0);
        if (rows % heads != 0 || rows / heads % 2 != 0) {
            throw new IllegalArgumentException(
                    "expected an even number of rows for each of " + heads + " heads, got " + shape);
        }
        return rows / heads;
    }

    /// {@return this tensor with the rows of each head in another order}
    ///
    /// @param outer the outer of the two axes of the rows of a head, its stride in rows
    /// @param inner the inner one
    private View withHeads(long heads, Axis outer, Axis inner) {
        if (shape.elementCount() == 0) {
            return this;
        }
        Axis rows = singleAxis("it comes before an operation that moves rows");
        return withRows(
                shape,
                first,
                List.of(
                        new Axis(heads, rows.stride() * (rows.count() / heads)),
                        new Axis(outer.count(), outer.stride() * rows.stride()),
                        new Axis(inner.count(), inner.stride() * rows.stride())));
    }

    private View rows(long from, long to) {
        long rows = shape.rank() == 0 ? 0 : shape.dimension(0);
        if (from < 0 || from >= to || to > rows) {
            throw new IllegalArgumentException("no rows from " + from + " to " + to + " in " + shape);
        }
        long[] dimensions = shape.toArray();
        dimensions[0] = to - from;
        Shape kept = Shape.of(dimensions);
        if (kept.elementCount() == 0 || to - from == rows) {
            return new View(kept, first, axes);
        }
        Axis axis = singleAxis("it comes before an operation that moves rows");
        return withRows(kept, first + from * axis.stride(), List.of(new Axis(to - from, axis.stride())));
    }

    private View slice(long index) {
        View row = rows(index, index + 1);
        long[] dimensions = row.shape().toArray();
        return new View(Shape.of(Arrays.copyOfRange(dimensions, 1, dimensions.length)), row.first(), row.axes());
    }

    private View transposed() {
        int rank = shape.rank();
        if (rank < 2) {
            throw new IllegalArgumentException("expected two dimensions or more, got " + shape);
        }
        long[] dimensions = shape.toArray();
        long last = dimensions[rank - 1];
        dimensions[rank - 1] = dimensions[rank - 2];
        dimensions[rank - 2] = last;
        if (shape.elementCount() == 0) {
            return new View(Shape.of(dimensions), first, axes);
        }
        List<List<Axis>> groups = groups();
        List<Axis> swapped = new ArrayList<>();
        groups.subList(0, rank - 2).forEach(swapped::addAll);
        swapped.addAll(groups.get(rank - 1));
        swapped.addAll(groups.get(rank - 2));
        return new View(Shape.of(dimensions), first, merged(swapped));
    }

    /// {@return a shape's elements with other dimensions}
    ///
    /// @throws IllegalArgumentException if the number of elements is another one
    static Shape reshaped(Shape shape, Operation.Reshape reshape) {
        List<Long> wanted = reshape.dimensions();
        IllegalArgumentException misfit =
                new IllegalArgumentException("dimensions " + wanted + " are not those of as many elements as " + shape);
        long known = 1;
        int open = -1;
        long[] dimensions = new long[wanted.size()];
        try {
            for (int i = 0; i < dimensions.length; i++) {
                dimensions[i] = wanted.get(i);
                if (dimensions[i] == -1 && open < 0) {
                    open = i;
                } else if (dimensions[i] < 0) {
                    throw misfit;
                } else {
                    known = Math.multiplyExact(known, dimensions[i]);
                }
            }
            if (open >= 0) {
                if (known == 0 || shape.elementCount() % known != 0) {
                    throw misfit;
                }
                dimensions[open] = shape.elementCount() / known;
            }
            Shape other = Shape.of(dimensions);
            if (other.elementCount() != shape.elementCount()) {
                throw misfit;
            }
            return other;
        } catch (ArithmeticException e) {
            throw misfit;
        }
    }

    /// {@return the only axis of the outermost dimension, which has two indexes or more}
    private Axis singleAxis(String otherwise) {
        List<Axis> rows = groups().getFirst();
        if (rows.size() != 1) {
            throw new IllegalArgumentException(otherwise);
        }
        return rows.getFirst();
    }

    /// {@return a view whose outermost dimension is other axes}
    private View withRows(Shape dimensions, long from, List<Axis> rows) {
        List<Axis> all = new ArrayList<>(rows);
        groups().stream().skip(1).forEach(all::addAll);
        return new View(dimensions, from, merged(all));
    }

    /// {@return the axes of each dimension of a tensor with elements; of a dimension of 1 none}
    ///
    /// @throws IllegalArgumentException if the axes do not meet where dimensions do, as may be after a reshape
    List<List<Axis>> groups() {
        Deque<Axis> left = new ArrayDeque<>(axes);
        Deque<List<Axis>> groups = new ArrayDeque<>();
        for (int i = shape.rank() - 1; i >= 0; i--) {
            Deque<Axis> group = new ArrayDeque<>();
            for (long open = shape.dimension(i); open > 1; ) {
                Axis axis = left.removeLast();
                long larger = Math.max(open, axis.count());
                long smaller = Math.min(open, axis.count());
                if (larger % smaller != 0) {
                    throw new IllegalArgumentException(
                            "the rows that were moved and the dimensions " + shape + " do not fit together");
                }
                if (axis.count() > open) {
                    left.addLast(new Axis(axis.count() / open, axis.stride() * open));
                }
                group.addFirst(new Axis(smaller, axis.stride()));
                open /= smaller;
            }
            groups.addFirst(merged(List.copyOf(group)));
        }
        return List.copyOf(groups);
    }

    /// Joins neighbouring axes that are one, and drops those of one index.
    private static List<Axis> merged(List<Axis> axes) {
        Deque<Axis> merged = new ArrayDeque<>();
        for (Axis axis : axes) {
            Axis before = merged.peekLast();
            if (axis.count() == 1) {
                continue;
            }
            if (before != null && before.stride() == axis.stride() * axis.count()) {
                merged.removeLast();
                merged.addLast(new Axis(before.count() * axis.count(), axis.stride()));
            } else {
                merged.addLast(axis);
            }
        }
        return List.copyOf(merged);
    }
}
