package dev.ffmstore;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/// Chooses tensors by their names, with glob patterns.
///
/// `*` stands for any characters, including dots and slashes, `?` for one, `[abc]`, `[a-z]` and `[!a-z]` for one of
/// a set, `{a,b}` for one of several patterns; `\` takes the next character as it is. A name is chosen if it
/// matches an include pattern, or there are none, and matches no exclude pattern.
///
/// A pattern that matches no name is refused as a mistake, unless the filter allows it, as a filter for several
/// models may:
///
/// ```java
/// NameFilter filter = new NameFilter(List.of("token_embd.*", "output.*"), List.of(), Unmatched.ALLOWED);
/// ```
///
/// A character is a Unicode code point. A decision takes time proportional to the length of the name times that of
/// the patterns with wildcards; patterns without wildcards are looked up. Immutable.
///
/// @param includes patterns of names to take; none means all
/// @param excludes patterns of names to leave out, whatever the includes say
/// @param unmatched whether a pattern may match no name
public record NameFilter(List<String> includes, List<String> excludes, Unmatched unmatched) {
    private static final NameFilter ALL = new NameFilter(List.of(), List.of());

    /// How a pattern is treated that matches none of the names to choose from.
    public enum Unmatched {
        /// A mistake, which is refused.
        REFUSED,

        /// Of no concern.
        ALLOWED
    }

    /// @throws IllegalArgumentException if a pattern is malformed
    public NameFilter {
        includes = List.copyOf(includes);
        excludes = List.copyOf(excludes);
        includes.forEach(Glob::of);
        excludes.forEach(Glob::of);
    }

    /// Makes a filter of which every pattern must match a name.
    ///
    /// @throws IllegalArgumentException if a pattern is malformed
    public NameFilter(List<String> includes, List<String> excludes) {
        this(includes, excludes, Unmatched.REFUSED);
    }

    /// {@return a filter that chooses every name}
    public static NameFilter all() {
        return ALL;
    }

    /// Applies the filter to the names of a model.
    ///
    /// @param names the names to choose from
    /// @return a predicate that tells whether a name is chosen
    /// @throws IllegalArgumentException if a pattern matches none of the names, unless that is allowed
    public Predicate<String> over(Collection<String> names) {
        List<Glob> in = compile(includes);
        List<Glob> out = compile(excludes);
        if (unmatched == Unmatched.REFUSED) {
            Set<String> all = new HashSet<>(names);
            in.forEach(glob -> glob.requireMatch(all));
            out.forEach(glob -> glob.requireMatch(all));
        }
        Predicate<String> included = in.isEmpty() ? _ -> true : matchingAny(in);
        return included.and(matchingAny(out).negate());
    }

    private static List<Glob> compile(List<String> globs) {
        return globs.stream().map(Glob::of).toList();
    }

    private static Predicate<String> matchingAny(List<Glob> globs) {
        Set<String> literals = new HashSet<>();
        List<Glob> others = new ArrayList<>();
        for (Glob glob : globs) {
            glob.literal().ifPresentOrElse(literals::add, () -> others.add(glob));
        }
        return name -> literals.contains(name) || others.stream().anyMatch(glob -> glob.matches(name));
    }
}
