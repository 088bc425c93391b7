package dev.ffmstore.internal.names;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The names and layouts of one architecture: a resource `ARCHITECTURE.names` beside this class. Immutable.
///
/// ```text
/// # comment
/// include TABLE                          the lines of another table
/// size NAME = EXPRESSION                 a number, from sizes before it and metadata keys of the architecture
/// STORED { | STEP } … = NEW { | STEP }   what becomes of a stored tensor, which must be there; see Line
/// ? STORED … = NEW …                     the same of one that may be absent
/// drop STORED                            a tensor that has no place in the convention, and may be absent
/// tie STORED = NEW unless ABSENT         NEW is one more name of STORED if the model has no tensor ABSENT
/// either [when EXPRESSION]               lines of which one alternative counts, chosen block by block: of those
/// or [when EXPRESSION]                   whose condition is not 0 the one of which most tensors are there, and if
/// end                                    they are equal the first
/// ```
///
/// In names `*` stands for the number of a block, and in expressions `block` for the same. `%` stands for the
/// number of a slice or of one of several tensors; on the left side there must be as many as the size `%` says.
final class ArchitectureTable {
    /// The group of a rule that always counts.
    static final int NO_GROUP = -1;

    /// A line about tensors.
    ///
    /// @param line what it says
    /// @param isOptional whether the tensors may be absent
    /// @param group the group of alternatives that the line is in, or [#NO_GROUP]
    /// @param alternative which alternative of the group, 0 or more
    record Rule(Line line, boolean isOptional, int group, int alternative) {
        /// {@return whether the line is about a tensor of each block}
        boolean isOfBlocks() {
            return line.sources().getFirst().pattern().indexOf('*') >= 0;
        }
    }

    /// A stored tensor of a line.
    ///
    /// @param source which of the line's sources it is first, 0 or more
    record Use(Rule rule, int source) {}

    /// A further name.
    record Tie(String stored, String renamed, String absent) {}

    private final Map<String, Expression> sizes = new LinkedHashMap<>();
    private final List<Rule> rules = new ArrayList<>();
    private final List<List<Optional<Expression>>> groups = new ArrayList<>();
    private final Map<String, List<Use>> uses = new HashMap<>();
    private final Set<String> dropped = new HashSet<>();
    private final List<Tie> ties = new ArrayList<>();

    private boolean inGroup;

    private ArchitectureTable(List<String> lines) {
        for (String line : lines) {
            try {
                add(line);
            } catch (IllegalArgumentException e) {
                throw new IllegalStateException(line + ": " + e.getMessage(), e); // a resource of this library
            }
        }
        for (Rule rule : rules) {
            Set<String> seen = new HashSet<>();
            for (int i = 0; i < rule.line().sources().size(); i++) {
                String pattern = rule.line().sources().get(i).pattern();
                if (seen.add(pattern)) {
                    uses.computeIfAbsent(pattern, _ -> new ArrayList<>()).add(new Use(rule, i));
                }
            }
        }
    }

    /// {@return the table of an architecture}
    ///
    /// @throws IllegalArgumentException if there is none
    static ArchitectureTable read(String architecture) {
        return new ArchitectureTable(lines(architecture));
    }

    private static List<String> lines(String architecture) {
        try (InputStream resource = ArchitectureTable.class.getResourceAsStream(architecture + ".names")) {
            if (resource == null) {
                throw new IllegalArgumentException("no table " + architecture);
            }
            return new BufferedReader(new InputStreamReader(resource, StandardCharsets.UTF_8))
                    .lines()
                    .map(UserNames::withoutComment)
                    .map(String::strip)
                    .filter(line -> !line.isEmpty())
                    .flatMap(line -> line.startsWith("include ")
                            ? lines(line.substring("include ".length()).strip()).stream()
                            : List.of(line).stream())
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void add(String line) {
        String word = line.split("\\s", 2)[0];
        String rest = line.substring(word.length()).strip();
        switch (word) {
            case "size" -> {
                String[] sides = rest.split("=", 2);
                sizes.put(sides[0].strip(), expression(sides[1]));
            }
            case "drop" -> dropped.add(rest);
            case "tie" -> {
                String[] parts = rest.split("\\s+(=|unless)\\s+");
                ties.add(new Tie(parts[0], parts[1], parts[2]));
            }
            case "either" -> {
                groups.add(new ArrayList<>(List.of(condition(rest))));
                inGroup = true;
            }
            case "or" -> groups.getLast().add(condition(rest));
            case "end" -> inGroup = false;
            case "?" -> add(Line.parse(rest), true);
            default -> add(Line.parse(line), false);
        }
    }

    private void add(Line line, boolean isOptional) {
        rules.add(
                inGroup
                        ? new Rule(
                                line,
                                isOptional,
                                groups.size() - 1,
                                groups.getLast().size() - 1)
                        : new Rule(line, isOptional, NO_GROUP, 0));
    }

    private static Optional<Expression> condition(String text) {
        return text.isEmpty() ? Optional.empty() : Optional.of(expression(text.substring("when ".length())));
    }

    private static Expression expression(String text) {
        return Expression.parse(text).orElseThrow(() -> new IllegalArgumentException("malformed: " + text));
    }

    /// {@return the lines about tensors, in their order}
    List<Rule> rules() {
        return rules;
    }

    /// {@return what a size is computed from; null if there is no size of this name}
    @Nullable
    Expression size(String name) {
        return sizes.get(name);
    }

    /// {@return the conditions of the alternatives of each group; those without one are empty}
    List<List<Optional<Expression>>> groups() {
        return groups;
    }

    /// {@return the lines that have a tensor among their sources}
    ///
    /// @param pattern the tensor's name, with `*` and `%` in place of numbers
    List<Use> uses(String pattern) {
        return uses.getOrDefault(pattern, List.of());
    }

    boolean isDropped(String pattern) {
        return dropped.contains(pattern);
    }

    List<Tie> ties() {
        return ties;
    }
}
