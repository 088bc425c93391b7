package dev.ffmstore.internal.names;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/// A line of a table of names. Immutable.
///
/// ```text
/// STORED { | STEP } { + STORED { | STEP } } = NEW { | STEP }
/// ```
///
/// Steps left of `=` are about one stored tensor. Those right of it are about the only one, or about all of them
/// together, after the step that makes one of them.
///
/// @param sources the stored tensors, one or more
/// @param renamed the new name
/// @param join the step that makes one tensor of several; `concat` if there is none
/// @param reshape the dimensions after that, if they are others
/// @param storedOffset what is subtracted from every element
record Line(List<Source> sources, String renamed, Step join, Optional<Step> reshape, float storedOffset) {
    private static final Step APPEND = new Step(Step.Word.CONCAT, List.of());
    private static final long LARGEST_OFFSET = 1 << 24; // beyond it, floats skip whole numbers
    private static final int MOST_SOURCES = 1000;

    /// A stored tensor.
    ///
    /// @param pattern its name, in which `*` and `%` may stand for something
    /// @param steps what is done to it
    record Source(String pattern, List<Step> steps) {
        /// {@return whether a step takes slices apart}
        boolean isUnstacked() {
            return steps.stream().anyMatch(step -> step.word() == Step.Word.UNSTACK);
        }
    }

    /// Parses a line without comments.
    ///
    /// @throws IllegalArgumentException if it is malformed, saying what is wrong
    static Line parse(String text) {
        String[] sides = text.split("=", -1);
        if (sides.length != 2 || sides[0].isBlank() || sides[1].isBlank()) {
            throw new IllegalArgumentException("expected STORED = NEW");
        }
        List<Source> sources = new ArrayList<>();
        for (String source : sides[0].split("\\s\\+\\s", -1)) {
            List<String> parts = parts(source);
            sources.add(new Source(
                    parts.getFirst(),
                    parts.subList(1, parts.size()).stream().map(Step::parse).toList()));
        }
        if (sources.size() > MOST_SOURCES) {
            throw new IllegalArgumentException("expected " + MOST_SOURCES + " tensors at most on one line");
        }
        List<String> right = parts(sides[1]);
        Line line = new Line(sources, right.getFirst(), APPEND, Optional.empty(), 0);
        boolean joined = sources.size() > 1;
        for (int i = 1; i < right.size(); i++) {
            Step step = Step.parse(right.get(i));
            line = line.with(step, joined && i > 1 || !line.join().equals(APPEND), i == 1);
        }
        line.requireStepsInPlace();
        return line;
    }

    private static List<String> parts(String side) {
        List<String> parts = new ArrayList<>();
        for (String part : side.split("\\s\\|(?=\\s|$)", -1)) {
            parts.add(part.strip());
        }
        if (parts.contains("")) {
            throw new IllegalArgumentException("expected STORED = NEW");
        }
        return parts;
    }

    /// {@return this line with a step of its right side}
    ///
    /// @param joined whether there is one tensor of several by now
    /// @param first whether it is the first of the steps, where tensors are joined
    private Line with(Step step, boolean joined, boolean first) {
        if (step.word() == Step.Word.SUBTRACT) {
            long value = step.numbers()
                    .getFirst()
                    .value(_ -> OptionalLong.empty())
                    .orElseThrow(() -> new IllegalArgumentException("subtract takes a whole number"));
            if (Math.abs(value) > LARGEST_OFFSET) {
                throw new IllegalArgumentException("subtract takes a whole number of at most " + LARGEST_OFFSET);
            }
            return new Line(sources, renamed, join, reshape, value);
        }
        if (step.word().joins()) {
            if (joined || step.word() != Step.Word.STACK && sources.size() > 1 && !first) {
                throw new IllegalArgumentException(step.word().text() + " comes before other operations");
            }
            return new Line(sources, renamed, step, reshape, storedOffset);
        }
        if (joined || sources.size() > 1) {
            if (step.word() != Step.Word.RESHAPE) {
                throw new IllegalArgumentException(
                        step.word().text() + " is for one tensor: write it left of the =, after the tensor's name");
            }
            return new Line(sources, renamed, join, Optional.of(step), storedOffset);
        }
        List<Step> steps = new ArrayList<>(sources.getFirst().steps());
        steps.add(step);
        return new Line(
                List.of(new Source(sources.getFirst().pattern(), List.copyOf(steps))),
                renamed,
                join,
                reshape,
                storedOffset);
    }

    private void requireStepsInPlace() {
        for (Source source : sources) {
            long unstacks = source.steps().stream()
                    .filter(step -> step.word() == Step.Word.UNSTACK)
                    .count();
            if (unstacks > 1) {
                throw new IllegalArgumentException("unstack is there once at most");
            }
            for (Step step : source.steps()) {
                if (step.word().joins() || step.word() == Step.Word.SUBTRACT) {
                    throw new IllegalArgumentException(step.word().text() + " comes after the =");
                }
            }
        }
        if (sources.size() > 1 && join.word() == Step.Word.STACK) {
            throw new IllegalArgumentException("stack takes one name with %, which stands for 0, 1, 2 …");
        }
        if (sources.size() == 1 && join.word() == Step.Word.INTERLEAVE) {
            throw new IllegalArgumentException("interleave takes several tensors, with + between them");
        }
    }

    boolean isStacked() {
        return join.word() == Step.Word.STACK;
    }

    boolean isUnstacked() {
        return sources.stream().anyMatch(Source::isUnstacked);
    }

    /// {@return the output that the line states, for tensors that are known by now}
    ///
    /// @param names the names of the output
    /// @param tensors the names of the sources; of a stack those of all its slices
    /// @param scope what names in numbers stand for
    /// @param index which slice an `unstack` takes
    /// @throws UnknownNameException if a number is not known, or cannot be used
    Output output(List<String> names, List<String> tensors, Step.Scope scope, long index) throws UnknownNameException {
        List<Output.Source> made = new ArrayList<>(tensors.size());
        for (int i = 0; i < tensors.size(); i++) {
            List<Step> steps = sources.get(Math.min(i, sources.size() - 1)).steps();
            made.add(new Output.Source(tensors.get(i), operations(steps, scope, index)));
        }
        return new Output(
                names,
                List.copyOf(made),
                join(scope),
                reshape.isPresent() ? Optional.of(reshape.get().reshape(scope)) : Optional.empty(),
                storedOffset);
    }

    private static List<Operation> operations(List<Step> steps, Step.Scope scope, long index)
            throws UnknownNameException {
        if (steps.isEmpty()) {
            return List.of();
        }
        List<Operation> operations = new ArrayList<>(steps.size());
        for (Step step : steps) {
            if (step.word() != Step.Word.EXPECT) {
                operations.add(step.resolve(scope, index));
            }
        }
        return List.copyOf(operations);
    }

    private Output.Join join(Step.Scope scope) throws UnknownNameException {
        return switch (join.word()) {
            case STACK -> new Output.Join.Stack();
            case INTERLEAVE -> new Output.Join.Interleave();
            default -> {
                long axis = join.numbers().isEmpty() ? 0 : join.number(scope, 0);
                yield axis == 0 ? Output.APPENDED : new Output.Join.Concat((int) Math.clamp(axis, -1, 100));
            }
        };
    }
}
