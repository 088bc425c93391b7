package dev.ffmstore.internal.names;

import dev.ffmstore.internal.text.Printable;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// A user's own renames, one `stored = new` per line; see `Names.read`.
public final class UserNames implements NameTable {
    /// The largest table: one is written by hand or by a small script, so a larger file is something else.
    private static final long MOST_BYTES = 4 << 20;

    /// A line of the table.
    private record Rule(String stored, String renamed) {
        /// Returns what the line makes of a name that matches.
        String apply(String tensor) {
            int star = stored.indexOf('*');
            if (star < 0) {
                return renamed;
            }
            int after = stored.length() - star - 1;
            return renamed.replace("*", tensor.substring(star, tensor.length() - after));
        }
    }

    private final String name;
    private final List<Rule> rules;
    private final RuleIndex index;

    private UserNames(String name, List<Rule> rules) {
        this.name = name;
        this.rules = rules;
        this.index = RuleIndex.of(rules.stream().map(Rule::stored).toList());
    }

    /// Reads a table; see `Names.read`.
    public static UserNames read(Path file) throws IOException {
        long size = Files.size(file);
        if (size > MOST_BYTES) {
            throw new IOException(Printable.escape(file.toString()) + ": too large for a table of names: expected "
                    + MOST_BYTES + " bytes at most, got " + size);
        }
        try {
            return parse(file.toString(), Files.readAllLines(file, StandardCharsets.UTF_8));
        } catch (CharacterCodingException e) {
            throw new IOException(Printable.escape(file.toString()) + ": is not UTF-8 text", e);
        }
    }

    /// Parses the lines of a table.
    ///
    /// @param name the name of the table
    public static UserNames parse(String name, List<String> lines) throws IOException {
        Set<Rule> rules = new LinkedHashSet<>();
        for (int i = 0; i < lines.size(); i++) {
            String line = withoutComment(lines.get(i)).strip();
            if (line.isEmpty()) {
                continue;
            }
            Rule rule = rule(name + ":" + (i + 1), line);
            if (!rules.add(rule)) {
                throw malformed(name + ":" + (i + 1), "this line is there already", line);
            }
        }
        return new UserNames(name, List.copyOf(rules));
    }

    private static String withoutComment(String line) {
        for (int i = line.indexOf('#'); i >= 0; i = line.indexOf('#', i + 1)) {
            if (i == 0 || Character.isWhitespace(line.charAt(i - 1))) {
                return line.substring(0, i);
            }
        }
        return line;
    }

    private static Rule rule(String place, String line) throws IOException {
        String[] sides = line.split("=", -1);
        if (sides.length != 2 || sides[0].isBlank() || sides[1].isBlank()) {
            throw malformed(place, "expected STORED = NEW", line);
        }
        Rule rule = new Rule(sides[0].strip(), sides[1].strip());
        long stars = stars(rule.stored());
        if (stars > 1 || stars != stars(rule.renamed())) {
            throw malformed(place, "expected one * on both sides, or none", line);
        }
        if (rule.renamed().indexOf('\0') >= 0) {
            throw malformed(place, "a name with NUL", line);
        }
        return rule;
    }

    private static long stars(String side) {
        return side.chars().filter(c -> c == '*').count();
    }

    private static IOException malformed(String place, String problem, String line) {
        return new IOException(Printable.escape(place) + ": " + problem + ": " + Printable.escape(line, 200));
    }

    /// @throws UnknownNameException if a line matches no tensor of the model
    @Override
    public Translation forModel(Model model) throws UnknownNameException {
        requireMatches(model);
        return (tensor, _) -> Optional.of(Entry.renamed(namesOf(tensor)));
    }

    private void requireMatches(Model model) throws UnknownNameException {
        BitSet matched = new BitSet(rules.size());
        for (String tensor : model.names()) {
            index.exact(tensor).forEach(matched::set);
            index.starred(tensor).forEach(matched::set);
        }
        int unmatched = matched.nextClearBit(0);
        if (unmatched < rules.size()) {
            throw new UnknownNameException(
                    "no tensor matches {} of the names in {}",
                    rules.get(unmatched).stored(),
                    name);
        }
    }

    private String[] namesOf(String tensor) {
        List<Integer> exact = index.exact(tensor);
        List<Integer> matching = exact.isEmpty() ? index.starred(tensor) : exact;
        return matching.isEmpty()
                ? new String[] {tensor}
                : matching.stream()
                        .map(rule -> rules.get(rule).apply(tensor))
                        .distinct()
                        .toArray(String[]::new);
    }
}
