package dev.ffmstore;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// Which type tensors of floats become: F32, unless a rule says F16 or BF16.
///
/// ```java
/// DTypes types = DTypes.all(DType.BF16).with("*norm*", DType.F32);   // the last rule that matches decides
/// ```
///
/// Only tensors whose dense form is F32 are converted, rounded to nearest, ties to even; NaN stays NaN, and what is
/// too large becomes infinite. Integers and F64 stay what they are. Immutable.
///
/// @param rules the rules, in the order in which they were given
public record DTypes(List<Rule> rules) {
    private static final DTypes DENSE = new DTypes(List.of());

    /// What tensors of some names become.
    ///
    /// @param glob a pattern of the model's own names, as in [NameFilter]; `*` for all
    /// @param dtype F32, F16 or BF16
    public record Rule(String glob, DType dtype) {
        /// @throws IllegalArgumentException if the pattern is malformed, or the type another
        public Rule {
            NameFilter.compile(glob);
            switch (dtype) {
                case F32, F16, BF16 -> {}
                default -> throw new IllegalArgumentException("expected F32, F16 or BF16, got " + dtype);
            }
        }
    }

    /// Copies the list.
    public DTypes {
        rules = List.copyOf(rules);
    }

    /// {@return no rules: all floats become F32}
    public static DTypes dense() {
        return DENSE;
    }

    /// {@return one rule for all tensors}
    ///
    /// @throws IllegalArgumentException if the type is not F32, F16 or BF16
    public static DTypes all(DType dtype) {
        return DENSE.with("*", dtype);
    }

    /// {@return these rules and one more, which wins where it matches}
    ///
    /// @throws IllegalArgumentException if the pattern is malformed, or the type is not F32, F16 or BF16
    public DTypes with(String glob, DType dtype) {
        List<Rule> more = new ArrayList<>(rules);
        more.add(new Rule(glob, dtype));
        return new DTypes(more);
    }

    /// Decides for names.
    ///
    /// @param names the names to decide for
    /// @return what a tensor of floats becomes, by its name
    /// @throws IllegalArgumentException if a pattern other than `*` matches none of the names
    public Function<String, DType> over(Collection<String> names) {
        List<Pattern> patterns =
                rules.stream().map(rule -> pattern(rule.glob(), names)).toList();
        return name -> {
            for (int i = rules.size() - 1; i >= 0; i--) {
                if (patterns.get(i).matcher(name).matches()) {
                    return rules.get(i).dtype();
                }
            }
            return DType.F32;
        };
    }

    private static Pattern pattern(String glob, Collection<String> names) {
        return glob.equals("*") ? NameFilter.compile(glob) : NameFilter.compile(glob, names);
    }

    /// {@return the rules as they are given on the command line, `F32` if there are none}
    @Override
    public String toString() {
        return rules.isEmpty()
                ? DType.F32.name()
                : rules.stream().map(rule -> rule.glob() + "=" + rule.dtype()).collect(Collectors.joining(", "));
    }
}
