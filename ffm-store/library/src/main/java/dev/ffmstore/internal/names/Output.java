package dev.ffmstore.internal.names;

import java.util.List;
import java.util.Optional;

/// A tensor in a convention, and what it is made of. Immutable.
///
/// ```text
/// source ──operations──┐
/// source ──operations──┼──join──► reshape ──► − stored offset ──► the tensor, under one or more names
/// source ──operations──┘
/// ```
///
/// @param names the tensor's names, one or more: the first is the name, the others are aliases
/// @param sources the stored tensors, one or more
/// @param join how several become one
/// @param reshape the dimensions afterwards, if they are others
/// @param storedOffset the number that the model has added to every element, to be subtracted again
public record Output(
        List<String> names, List<Source> sources, Join join, Optional<Operation.Reshape> reshape, float storedOffset) {

    /// A stored tensor and what is done to it.
    ///
    /// @param tensor its name in the model
    /// @param operations from the first to the last
    public record Source(String tensor, List<Operation> operations) {
        /// {@return a stored tensor as it is}
        static Source of(String tensor) {
            return new Source(tensor, List.of());
        }
    }

    /// How several sources become one tensor.
    public sealed interface Join {
        /// One after another along a dimension; in the other dimensions they are equal.
        ///
        /// @param axis the dimension, 0 for the outermost
        record Concat(int axis) implements Join {}

        /// Along a new outermost dimension; the sources have one shape.
        record Stack() implements Join {}

        /// Elements of the innermost dimension by turns; the sources have one shape.
        record Interleave() implements Join {}
    }

    /// One after another along the outermost dimension.
    static final Join APPENDED = new Join.Concat(0);

    /// {@return a stored tensor as it is, under other names}
    static Output renamed(String tensor, List<String> names) {
        return new Output(names, List.of(Source.of(tensor)), APPENDED, Optional.empty(), 0);
    }

    /// {@return the same tensor under other names}
    Output named(List<String> others) {
        return new Output(others, sources, join, reshape, storedOffset);
    }

    /// {@return whether it is one stored tensor, as it is}
    public boolean isRenamed() {
        return sources.size() == 1
                && sources.getFirst().operations().isEmpty()
                && !(join instanceof Join.Stack)
                && reshape.isEmpty();
    }
}
