package dev.ffmstore;

import dev.ffmstore.gguf.Shape;
import dev.ffmstore.internal.names.Output;
import java.util.ArrayList;
import java.util.List;

/// Several views joined into one tensor: where the elements of each of them go. Immutable.
///
/// @param shape the dimensions of the whole, outermost first
/// @param parts a part for each view, in the order of the views
record Arrangement(Shape shape, List<Part> parts) {
    /// The elements of one view in the whole; see [Share], which has the same fields.
    record Part(long storedFirst, long first, long run, List<Share.Axis> axes) {}

    /// {@return views joined into one tensor}
    ///
    /// @throws IllegalArgumentException if their shapes do not fit together, saying why
    /// @throws ArithmeticException if the whole has more elements than a long counts
    static Arrangement of(List<View> views, Output.Join join) {
        return switch (join) {
            case Output.Join.Concat concat -> concat(views, concat.axis());
            case Output.Join.Stack _ ->
                concat(views.stream().map(Arrangement::asRow).toList(), 0);
            case Output.Join.Interleave _ -> {
                int rank = views.getFirst().shape().rank();
                Arrangement pairs =
                        concat(views.stream().map(Arrangement::asColumn).toList(), rank);
                long[] dimensions = new long[Math.max(1, rank)];
                System.arraycopy(pairs.shape().toArray(), 0, dimensions, 0, rank);
                int last = dimensions.length - 1;
                dimensions[last] = rank == 0 ? views.size() : Math.multiplyExact(dimensions[last], (long) views.size());
                yield new Arrangement(Shape.of(dimensions), pairs.parts());
            }
        };
    }

    private static View asRow(View view) {
        long[] dimensions = view.shape().toArray();
        long[] more = new long[dimensions.length + 1];
        more[0] = 1;
        System.arraycopy(dimensions, 0, more, 1, dimensions.length);
        return new View(Shape.of(more), view.first(), view.axes());
    }

    private static View asColumn(View view) {
        long[] dimensions = view.shape().toArray();
        long[] more = new long[dimensions.length + 1];
        System.arraycopy(dimensions, 0, more, 0, dimensions.length);
        more[dimensions.length] = 1;
        return new View(Shape.of(more), view.first(), view.axes());
    }

    private static Arrangement concat(List<View> views, int axis) {
        Shape shape = views.getFirst().shape();
        if (views.size() == 1) {
            return new Arrangement(shape, List.of(consecutive(views.getFirst(), 0)));
        }
        if (axis < 0 || axis >= shape.rank()) {
            throw new IllegalArgumentException("no dimension " + axis + " in " + shape);
        }
        long[] dimensions = shape.toArray();
        dimensions[axis] = 0;
        for (View view : views) {
            requireEqualBut(axis, shape, view.shape());
            dimensions[axis] = Math.addExact(dimensions[axis], view.shape().dimension(axis));
        }
        Shape whole = Shape.of(dimensions);
        long[] strides = strides(whole);
        List<Part> parts = new ArrayList<>(views.size());
        long index = 0;
        for (View view : views) {
            long first = index * strides[axis];
            parts.add(axis == 0 ? consecutive(view, first) : part(view, first, strides));
            index += view.shape().dimension(axis);
        }
        return new Arrangement(whole, List.copyOf(parts));
    }

    private static void requireEqualBut(int axis, Shape one, Shape other) {
        boolean equal = one.rank() == other.rank();
        for (int i = 0; equal && i < one.rank(); i++) {
            equal = i == axis || one.dimension(i) == other.dimension(i);
        }
        if (!equal) {
            throw new IllegalArgumentException("shapes do not fit together: " + one + " and " + other);
        }
    }

    /// {@return from one index of each dimension to the next, in elements}
    private static long[] strides(Shape shape) {
        long[] strides = new long[shape.rank()];
        long stride = 1;
        for (int i = strides.length - 1; i >= 0; i--) {
            strides[i] = stride;
            stride *= Math.max(1, shape.dimension(i));
        }
        return strides;
    }

    /// {@return the elements of a view that are consecutive in a whole}
    ///
    /// @param first where the first of them goes
    private static Part consecutive(View view, long first) {
        List<Share.Axis> axes = new ArrayList<>();
        long inner = view.shape().elementCount();
        for (View.Axis axis : view.axes()) {
            inner /= axis.count();
            add(axes, new Share.Axis(axis.count(), axis.stride(), inner));
        }
        return part(view, first, axes);
    }

    /// {@return the elements of a view in a whole}
    ///
    /// @param first where the first of them goes
    /// @param strides from one index of each dimension of the whole to the next
    private static Part part(View view, long first, long[] strides) {
        List<Share.Axis> axes = new ArrayList<>();
        List<List<View.Axis>> groups = view.shape().elementCount() == 0 ? List.of() : view.groups();
        for (int i = 0; i < groups.size(); i++) {
            long inner = view.shape().dimension(i);
            for (View.Axis axis : groups.get(i)) {
                inner /= axis.count();
                add(axes, new Share.Axis(axis.count(), axis.stride(), inner * strides[i]));
            }
        }
        return part(view, first, axes);
    }

    private static Part part(View view, long first, List<Share.Axis> axes) {
        if (view.shape().elementCount() == 0) {
            return new Part(0, first, 0, List.of());
        }
        boolean runs = !axes.isEmpty()
                && axes.getLast().storedStride() == 1
                && axes.getLast().stride() == 1;
        long run = runs ? axes.removeLast().count() : 1;
        return new Part(view.first(), first, run, List.copyOf(axes));
    }

    /// Adds an axis, as a part of the one before it if both are one on either side.
    private static void add(List<Share.Axis> axes, Share.Axis axis) {
        Share.Axis before = axes.isEmpty() ? null : axes.getLast();
        if (before != null
                && before.stride() == axis.stride() * axis.count()
                && before.storedStride() == axis.storedStride() * axis.count()) {
            axes.removeLast();
            axes.add(new Share.Axis(before.count() * axis.count(), axis.storedStride(), axis.stride()));
        } else {
            axes.add(axis);
        }
    }
}
