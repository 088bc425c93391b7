package dev.ffmstore;

import dev.ffmstore.internal.text.Problem;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// A pattern of names, as [NameFilter] describes it.
///
/// The pattern becomes a list of steps, each of which takes one character or says where to go on. All ways through
/// the list are followed at once, with one set of places for each character of the name, so that the time is at
/// most proportional to the pattern's length times the name's, whatever they hold.
///
/// ```text
/// a{b,c*}?     0 'a'   1 fork 4   2 'b'   3 jump 7   4 fork 5   5 'c'   6 any number   7 any one   8 (the end)
/// ```
///
/// Every way leads forward, except for the one from "any number" to itself: one pass over a set, from low to high,
/// finds all places that can be reached from it without taking a character. Immutable.
final class Glob {
    private static final int MOST_LEVELS = 1000;

    private final String pattern;
    private final Step[] steps;
    private final Optional<String> literal;

    /// What a way through the pattern does next, and where it goes on: at the next step unless something else is
    /// said.
    private sealed interface Step {
        /// Takes this character.
        record One(int character) implements Step {}

        /// Takes any one character.
        record AnyOne() implements Step {}

        /// Takes any number of characters, or none.
        record AnyNumber() implements Step {}

        /// Takes one character that is in one of the ranges, or, if negated, in none of them.
        record OneOf(List<Range> ranges, boolean negated) implements Step {
            boolean contains(int character) {
                return negated != ranges.stream().anyMatch(range -> range.contains(character));
            }
        }

        /// Goes on at the next step and at another one.
        record Fork(int other) implements Step {}

        /// Goes on at another step only.
        record Jump(int target) implements Step {}
    }

    /// Consecutive characters of a set, from the first to the last inclusive.
    private record Range(int first, int last) {
        boolean contains(int character) {
            return first <= character && character <= last;
        }
    }

    private Glob(String pattern, List<Step> steps) {
        this.pattern = pattern;
        this.steps = steps.toArray(new Step[0]);
        this.literal = literal(steps);
    }

    private static Optional<String> literal(List<Step> steps) {
        StringBuilder name = new StringBuilder();
        for (Step step : steps) {
            if (!(step instanceof Step.One(int character))) {
                return Optional.empty();
            }
            name.appendCodePoint(character);
        }
        return Optional.of(name.toString());
    }

    /// {@return the pattern that a text describes}
    ///
    /// @throws IllegalArgumentException if it is malformed
    static Glob of(String pattern) {
        return new Glob(pattern, new Parser(pattern).parse());
    }

    /// {@return the only name that matches, if the pattern has no wildcards; otherwise empty}
    Optional<String> literal() {
        return literal;
    }

    /// @throws IllegalArgumentException if the pattern matches none of the names
    void requireMatch(Set<String> names) {
        boolean matches = literal.isPresent()
                ? names.contains(literal.get())
                : names.stream().anyMatch(this::matches);
        if (!matches) {
            throw new IllegalArgumentException(Problem.fill("no tensor matches the pattern {}", pattern));
        }
    }

    /// {@return whether a name matches, from its first character to its last}
    boolean matches(String name) {
        if (literal.isPresent()) {
            return literal.get().equals(name);
        }
        BitSet places = new BitSet(steps.length + 1);
        BitSet next = new BitSet(steps.length + 1);
        places.set(0);
        follow(places);
        for (int i = 0; i < name.length() && !places.isEmpty(); ) {
            int character = name.codePointAt(i);
            i += Character.charCount(character);
            take(character, places, next);
            follow(next);
            BitSet taken = places;
            places = next;
            next = taken;
            next.clear();
        }
        return places.get(steps.length);
    }

    /// Adds the places that can be reached without taking a character.
    private void follow(BitSet places) {
        for (int at = places.nextSetBit(0); at >= 0 && at < steps.length; at = places.nextSetBit(at + 1)) {
            switch (steps[at]) {
                case Step.AnyNumber() -> places.set(at + 1);
                case Step.Fork(int other) -> {
                    places.set(at + 1);
                    places.set(other);
                }
                case Step.Jump(int target) -> places.set(target);
                case Step.One _, Step.AnyOne _, Step.OneOf _ -> {}
            }
        }
    }

    /// Finds the places after one more character.
    private void take(int character, BitSet places, BitSet next) {
        for (int at = places.nextSetBit(0); at >= 0 && at < steps.length; at = places.nextSetBit(at + 1)) {
            if (takes(steps[at], character)) {
                next.set(steps[at] instanceof Step.AnyNumber ? at : at + 1);
            }
        }
    }

    private static boolean takes(Step step, int character) {
        return switch (step) {
            case Step.One(int own) -> own == character;
            case Step.AnyOne _, Step.AnyNumber _ -> true;
            case Step.OneOf set -> set.contains(character);
            case Step.Fork _, Step.Jump _ -> false;
        };
    }

    /// Makes the steps of a pattern, front to back.
    private static final class Parser {
        private final String pattern;
        private final int[] characters;
        private final List<Step> steps = new ArrayList<>();
        private final Deque<Alternatives> open = new ArrayDeque<>();
        private int at;

        Parser(String pattern) {
            this.pattern = pattern;
            this.characters = pattern.codePoints().toArray();
        }

        /// The alternatives between braces: a fork before each, a jump from the end of each to that of the last.
        private final class Alternatives {
            private final List<Integer> jumps = new ArrayList<>();
            private int fork;

            Alternatives() {
                begin();
            }

            void next() {
                jumps.add(steps.size());
                steps.add(new Step.Jump(0));
                steps.set(fork, new Step.Fork(steps.size()));
                begin();
            }

            private void begin() {
                fork = steps.size();
                steps.add(new Step.Fork(fork + 1)); // until there is another one
            }

            void end() {
                jumps.forEach(jump -> steps.set(jump, new Step.Jump(steps.size())));
            }
        }

        List<Step> parse() {
            while (at < characters.length) {
                step(characters[at++]);
            }
            if (!open.isEmpty()) {
                throw malformed("{ without }");
            }
            return steps;
        }

        private void step(int character) {
            switch (character) {
                case '*' -> steps.add(new Step.AnyNumber());
                case '?' -> steps.add(new Step.AnyOne());
                case '[' -> steps.add(set());
                case '{' -> open();
                case '}' -> close();
                case ',' -> comma();
                case '\\' -> steps.add(new Step.One(escaped()));
                default -> steps.add(new Step.One(character));
            }
        }

        private void open() {
            if (open.size() == MOST_LEVELS) {
                throw malformed("nested too deeply");
            }
            open.push(new Alternatives());
        }

        private void close() {
            if (open.isEmpty()) {
                throw malformed("} without {");
            }
            open.pop().end();
        }

        private void comma() {
            if (open.isEmpty()) {
                steps.add(new Step.One(','));
            } else {
                open.element().next();
            }
        }

        private int escaped() {
            if (at == characters.length) {
                throw malformed("nothing after \\");
            }
            return characters[at++];
        }

        /// Parses a set, after its bracket. A `]` that comes first is a member, and so is a `-` at either end.
        private Step set() {
            boolean negated = at < characters.length && (characters[at] == '!' || characters[at] == '^');
            if (negated) {
                at++;
            }
            int end = at + 1;
            while (end < characters.length && characters[end] != ']') {
                end++;
            }
            if (end >= characters.length) {
                throw malformed("[ without ]");
            }
            List<Range> ranges = new ArrayList<>();
            while (at < end) {
                ranges.add(range(end));
            }
            at++;
            return new Step.OneOf(List.copyOf(ranges), negated);
        }

        /// Parses one member of a set, or a range of members.
        private Range range(int end) {
            int first = characters[at++];
            if (at + 1 >= end || characters[at] != '-') {
                return new Range(first, first);
            }
            int last = characters[at + 1];
            if (last < first) {
                throw malformed("the range {}-{} is backwards", Character.toString(first), Character.toString(last));
            }
            at += 2;
            return new Range(first, last);
        }

        private IllegalArgumentException malformed(String what, Object... values) {
            return new IllegalArgumentException(
                    Problem.fill("malformed pattern {}: ", pattern) + Problem.fill(what, values));
        }
    }
}
