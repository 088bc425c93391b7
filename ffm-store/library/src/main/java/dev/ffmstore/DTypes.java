package dev.ffmstore;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/// Rules for the types that tensors of floats become.
///
/// ```java
/// DTypes types = DTypes.all(DType.BF16).with("*norm*", DType.F32);   // the last rule that matches decides
/// ```
///
/// Where no rule matches, tensors become F32, and those of a store stay what they are. Rules are about floats of
/// 32, 16 and 8 bits and about quantised blocks; F64, integers and all else stay what they are. Conversion rounds
/// to nearest, ties to even; NaN stays NaN, and a value that is too large becomes infinite. Immutable.
///
/// @param rules the rules, in the order in which they were given
/// @param unmatched whether a pattern may match no name, as in [NameFilter]; `*` always may
public record DTypes(List<Rule> rules, NameFilter.Unmatched unmatched) {
    private static final DTypes DENSE = new DTypes(List.of());

    /// The type that tensors of some names become.
    ///
    /// @param glob a pattern of the model's own names, as in [NameFilter]; `*` for all
    /// @param dtype F32, F16 or BF16; empty to keep floats as they are stored, while quantised blocks become F32
    public record Rule(String glob, Optional<DType> dtype) {
        /// @throws IllegalArgumentException if the pattern is malformed, or the type is not F32, F16 or BF16
        public Rule {
            Glob.of(glob);
            switch (dtype.orElse(DType.F32)) {
                case F32, F16, BF16 -> {}
                default -> throw new IllegalArgumentException("expected F32, F16 or BF16, got " + dtype.get());
            }
        }

        /// @throws IllegalArgumentException if the pattern is malformed, or the type is not F32, F16 or BF16
        public Rule(String glob, DType dtype) {
            this(glob, Optional.of(dtype));
        }

        private String type() {
            return dtype.map(DType::name).orElse("stored");
        }
    }

    /// Copies the list.
    public DTypes {
        rules = List.copyOf(rules);
    }

    /// Makes rules of which every pattern must match a name.
    public DTypes(List<Rule> rules) {
        this(rules, NameFilter.Unmatched.REFUSED);
    }

    /// {@return an object without rules, which gives every tensor the default type}
    public static DTypes dense() {
        return DENSE;
    }

    /// {@return one rule for all tensors}
    ///
    /// @throws IllegalArgumentException if the type is not F32, F16 or BF16
    public static DTypes all(DType dtype) {
        return DENSE.with("*", dtype);
    }

    /// {@return one rule for all tensors: floats stay as they are stored, and quantised blocks become F32}
    public static DTypes stored() {
        return DENSE.withStored("*");
    }

    /// {@return these rules and one more, which wins where it matches: floats stay as they are stored, and
    /// quantised blocks become F32}
    ///
    /// @throws IllegalArgumentException if the pattern is malformed
    public DTypes withStored(String glob) {
        return with(new Rule(glob, Optional.empty()));
    }

    /// {@return these rules and one more, which wins where it matches}
    ///
    /// @throws IllegalArgumentException if the pattern is malformed, or the type is not F32, F16 or BF16
    public DTypes with(String glob, DType dtype) {
        return with(new Rule(glob, dtype));
    }

    private DTypes with(Rule rule) {
        List<Rule> more = new ArrayList<>(rules);
        more.add(rule);
        return new DTypes(more, unmatched);
    }

    /// Applies the rules to the names of a model.
    ///
    /// @param names the names to decide for
    /// @return the rule that decides for a tensor of floats by its name, if one does
    /// @throws IllegalArgumentException if a pattern other than `*` matches none of the names, unless that is
    /// allowed
    public Function<String, Optional<Rule>> over(Collection<String> names) {
        List<Glob> globs = rules.stream().map(rule -> Glob.of(rule.glob())).toList();
        if (unmatched == NameFilter.Unmatched.REFUSED) {
            requireMatches(globs, new HashSet<>(names));
        }
        Map<String, Integer> literals = new HashMap<>(); // the last rule for each
        List<Integer> others = new ArrayList<>(); // rules with wildcards, the last one first
        for (int i = globs.size() - 1; i >= 0; i--) {
            int rule = i;
            globs.get(i).literal().ifPresentOrElse(name -> literals.putIfAbsent(name, rule), () -> others.add(rule));
        }
        return name -> {
            int literal = literals.getOrDefault(name, -1);
            int decides = others.stream()
                    .takeWhile(rule -> rule > literal)
                    .filter(rule -> globs.get(rule).matches(name))
                    .findFirst()
                    .orElse(literal);
            return decides < 0 ? Optional.empty() : Optional.of(rules.get(decides));
        };
    }

    private void requireMatches(List<Glob> globs, Set<String> names) {
        for (int i = 0; i < globs.size(); i++) {
            if (!rules.get(i).glob().equals("*")) {
                globs.get(i).requireMatch(names);
            }
        }
    }

    /// {@return the rules as they are written on the command line, `F32` if there are none}
    @Override
    public String toString() {
        return rules.isEmpty()
                ? DType.F32.name()
                : rules.stream().map(rule -> rule.glob() + "=" + rule.type()).collect(Collectors.joining(", "));
    }
}
