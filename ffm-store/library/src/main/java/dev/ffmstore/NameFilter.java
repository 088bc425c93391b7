package dev.ffmstore;

import dev.ffmstore.internal.text.Printable;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/// Chooses tensors by their names, with glob patterns.
///
/// `*` stands for any characters, dots and slashes among them, `?` for one, `[abc]`, `[a-z]` and `[!a-z]` for one
/// of a set, `{a,b}` for one of several patterns; `\` takes the next character as it is. A name is chosen if it
/// matches an include pattern, or there are none, and matches no exclude pattern. Immutable.
///
/// @param includes patterns of names to take; none means all
/// @param excludes patterns of names to leave out, whatever the includes say
public record NameFilter(List<String> includes, List<String> excludes) {
    private static final NameFilter ALL = new NameFilter(List.of(), List.of());

    /// @throws IllegalArgumentException if a pattern is malformed
    public NameFilter {
        includes = List.copyOf(includes);
        excludes = List.copyOf(excludes);
        includes.forEach(NameFilter::compile);
        excludes.forEach(NameFilter::compile);
    }

    /// {@return a filter that chooses every name}
    public static NameFilter all() {
        return ALL;
    }

    /// Chooses from names.
    ///
    /// @param names the names to choose from
    /// @return whether a name is chosen
    /// @throws IllegalArgumentException if a pattern matches none of the names
    public Predicate<String> over(Collection<String> names) {
        List<Pattern> in = compileAll(includes, names);
        List<Pattern> out = compileAll(excludes, names);
        return name -> (in.isEmpty() || matchesAny(in, name)) && !matchesAny(out, name);
    }

    private static List<Pattern> compileAll(List<String> globs, Collection<String> names) {
        List<Pattern> patterns = new ArrayList<>();
        for (String glob : globs) {
            patterns.add(compile(glob, names));
        }
        return patterns;
    }

    /// Compiles a pattern that must match one of some names at least.
    static Pattern compile(String glob, Collection<String> names) {
        Pattern pattern = compile(glob);
        if (names.stream().noneMatch(name -> pattern.matcher(name).matches())) {
            throw new IllegalArgumentException("no tensor matches the pattern " + Printable.escape(glob, 200));
        }
        return pattern;
    }

    private static boolean matchesAny(List<Pattern> patterns, String name) {
        return patterns.stream().anyMatch(pattern -> pattern.matcher(name).matches());
    }

    static Pattern compile(String glob) {
        StringBuilder regex = new StringBuilder();
        int depth = 0;
        for (int i = 0; i < glob.length(); i++) {
            char c = glob.charAt(i);
            switch (c) {
                case '*' -> regex.append(".*");
                case '?' -> regex.append('.');
                case '{' -> {
                    depth++;
                    regex.append("(?:");
                }
                case '}' -> {
                    if (depth-- == 0) {
                        throw malformed(glob, "} without {");
                    }
                    regex.append(')');
                }
                case ',' -> regex.append(depth > 0 ? "|" : ",");
                case '[' -> i = appendSet(glob, i, regex);
                case '\\' -> {
                    if (++i == glob.length()) {
                        throw malformed(glob, "nothing after \\");
                    }
                    appendLiteral(glob.charAt(i), regex);
                }
                default -> appendLiteral(c, regex);
            }
        }
        if (depth > 0) {
            throw malformed(glob, "{ without }");
        }
        try {
            return Pattern.compile(regex.toString(), Pattern.DOTALL);
        } catch (PatternSyntaxException | StackOverflowError e) {
            throw malformed(glob, "nested too deeply");
        }
    }

    /// Translates the set that starts at `start`; returns where it ends.
    private static int appendSet(String glob, int start, StringBuilder regex) {
        int i = start + 1;
        boolean negated = i < glob.length() && (glob.charAt(i) == '!' || glob.charAt(i) == '^');
        if (negated) {
            i++;
        }
        int end = glob.indexOf(']', i + 1); // a ] that comes first is a member
        if (end < 0) {
            throw malformed(glob, "[ without ]");
        }
        regex.append(negated ? "[^" : "[");
        for (; i < end; i++) {
            char c = glob.charAt(i);
            boolean range = i + 2 < end && glob.charAt(i + 1) == '-';
            appendLiteral(c, regex);
            if (range) {
                char last = glob.charAt(i + 2);
                if (last < c) {
                    throw malformed(glob, "the range " + c + "-" + last + " is backwards");
                }
                regex.append('-');
                appendLiteral(last, regex);
                i += 2;
            }
        }
        regex.append(']');
        return end;
    }

    private static void appendLiteral(char c, StringBuilder regex) {
        if (c < 0x80 && !Character.isLetterOrDigit(c)) {
            regex.append('\\');
        }
        regex.append(c);
    }

    private static IllegalArgumentException malformed(String glob, String what) {
        return new IllegalArgumentException("malformed pattern " + Printable.escape(glob, 200) + ": " + what);
    }
}
