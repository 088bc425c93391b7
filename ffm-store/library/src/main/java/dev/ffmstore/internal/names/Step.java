package dev.ffmstore.internal.names;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;

/// An operation as a table of names states it: a word and numbers, which may depend on the model. Immutable.
///
/// @param word what is done
/// @param numbers what follows the word
record Step(Word word, List<Expression> numbers) {
    /// What a step may be.
    enum Word {
        EXPECT(1, 1),
        HALVES(1, 1),
        PAIRS(1, 1),
        ROWS(2, 2),
        UNSTACK(0, 0),
        TRANSPOSE(0, 0),
        RESHAPE(1, 8),
        CONCAT(0, 1),
        STACK(0, 0),
        INTERLEAVE(0, 0),
        SUBTRACT(1, 1);

        private final int fewest;
        private final int most;

        Word(int fewest, int most) {
            this.fewest = fewest;
            this.most = most;
        }

        /// {@return whether the step makes one tensor of several}
        boolean joins() {
            return this == CONCAT || this == STACK || this == INTERLEAVE;
        }

        String text() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /// Numbers of a table for one tensor: what names in expressions stand for.
    interface Scope extends Expression.Scope {
        /// {@return the exception that says that a value is not known, or not one that can be used}
        ///
        /// @param expression the expression
        UnknownNameException unusable(Expression expression);
    }

    /// Parses a step.
    ///
    /// @throws IllegalArgumentException if it is malformed, saying what is wrong
    static Step parse(String text) {
        String[] words = text.strip().split("\\s+");
        Word word = Arrays.stream(Word.values())
                .filter(known -> known.text().equals(words[0]))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no operation is called " + words[0]));
        List<Expression> numbers = new ArrayList<>();
        for (String argument : Arrays.asList(words).subList(1, words.length)) {
            String[] parts = word == Word.ROWS ? argument.split(":", -1) : new String[] {argument};
            for (String part : parts) {
                numbers.add(expression(word, part));
            }
        }
        if (numbers.size() < word.fewest || numbers.size() > word.most) {
            throw new IllegalArgumentException(usage(word));
        }
        return new Step(word, List.copyOf(numbers));
    }

    private static Expression expression(Word word, String text) {
        // −1 in a shape stands for what is left
        Optional<Expression> parsed =
                word == Word.RESHAPE && text.equals("-1") ? Expression.parse("0-1") : Expression.parse(text);
        return parsed.orElseThrow(() -> new IllegalArgumentException(usage(word)));
    }

    private static String usage(Word word) {
        return switch (word) {
            case EXPECT -> "expect takes a number of rows";
            case HALVES, PAIRS -> word.text() + " takes a number of heads";
            case ROWS -> "rows takes FROM:TO";
            case RESHAPE -> "reshape takes 1 to 8 dimensions, of which one may be -1";
            case CONCAT -> "concat takes a dimension, or nothing";
            case SUBTRACT -> "subtract takes a whole number";
            default -> word.text() + " takes nothing";
        };
    }

    /// {@return the operation, with its numbers}
    ///
    /// @param scope what names stand for
    /// @param index which slice an `unstack` takes
    /// @throws UnknownNameException if a number is not known, or cannot be used
    Operation resolve(Scope scope, long index) throws UnknownNameException {
        return switch (word) {
            case HALVES -> new Operation.Halves(positive(scope, 0));
            case PAIRS -> new Operation.Pairs(positive(scope, 0));
            case ROWS -> new Operation.Rows(number(scope, 0), number(scope, 1));
            case UNSTACK -> new Operation.Slice(index);
            case TRANSPOSE -> new Operation.Transpose();
            case RESHAPE -> reshape(scope);
            case EXPECT, CONCAT, STACK, INTERLEAVE, SUBTRACT ->
                throw new IllegalStateException(word + " moves no elements of one tensor");
        };
    }

    Operation.Reshape reshape(Scope scope) throws UnknownNameException {
        List<Long> dimensions = new ArrayList<>();
        for (int i = 0; i < numbers.size(); i++) {
            dimensions.add(number(scope, i));
        }
        return new Operation.Reshape(List.copyOf(dimensions));
    }

    long number(Scope scope, int index) throws UnknownNameException {
        OptionalLong value = numbers.get(index).value(scope);
        if (value.isEmpty()) {
            throw scope.unusable(numbers.get(index));
        }
        return value.getAsLong();
    }

    private long positive(Scope scope, int index) throws UnknownNameException {
        long value = number(scope, index);
        if (value <= 0) {
            throw scope.unusable(numbers.get(index));
        }
        return value;
    }
}
