package dev.ffmstore.internal.names;

import dev.ffmstore.gguf.GgufException;
import dev.ffmstore.internal.text.Printable;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// A user's own renames, `stored = new` a line; see [dev.ffmstore.Names#read(Path)].
public final class UserNames implements NameTable {
    /// A table is written by hand or by a small script: more is another kind of file.
    private static final long MOST_BYTES = 4 << 20;

    /// A line of the table.
    private record Rule(String stored, String renamed) {
        boolean isGlob() {
            return stored.indexOf('*') >= 0;
        }

        Optional<String> apply(String name) {
            int star = stored.indexOf('*');
            if (star < 0) {
                return stored.equals(name) ? Optional.of(renamed) : Optional.empty();
            }
            String before = stored.substring(0, star);
            String after = stored.substring(star + 1);
            boolean matches = name.length() >= before.length() + after.length()
                    && name.startsWith(before)
                    && name.endsWith(after);
            return matches
                    ? Optional.of(renamed.replace("*", name.substring(before.length(), name.length() - after.length())))
                    : Optional.empty();
        }
    }

    private final String name;
    private final List<Rule> rules;

    private UserNames(String name, List<Rule> rules) {
        this.name = name;
        this.rules = List.copyOf(rules);
    }

    /// Reads a table; see [dev.ffmstore.Names#read(Path)].
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
    /// @param name what the table is called
    public static UserNames parse(String name, List<String> lines) throws IOException {
        List<Rule> rules = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            String line = withoutComment(lines.get(i)).strip();
            if (line.isEmpty()) {
                continue;
            }
            Rule rule = rule(name + ":" + (i + 1), line);
            if (rules.contains(rule)) {
                throw malformed(name + ":" + (i + 1), "this line is there already", line);
            }
            rules.add(rule);
        }
        return new UserNames(name, rules);
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

    /// @throws GgufException if a line matches no tensor of the model
    @Override
    public Translation forModel(Model model) throws GgufException {
        for (Rule rule : rules) {
            if (model.names().stream().noneMatch(tensor -> rule.apply(tensor).isPresent())) {
                throw GgufException.of(
                        model.file(),
                        "no tensor matches " + Printable.escape(rule.stored()) + " of the names in "
                                + Printable.escape(name));
            }
        }
        return tensor -> {
            List<String> exact = namesOf(tensor.name(), false);
            List<String> names = exact.isEmpty() ? namesOf(tensor.name(), true) : exact;
            return Optional.of(
                    Entry.renamed(names.isEmpty() ? new String[] {tensor.name()} : names.toArray(new String[0])));
        };
    }

    private List<String> namesOf(String tensor, boolean byGlob) {
        return rules.stream()
                .filter(rule -> rule.isGlob() == byGlob)
                .flatMap(rule -> rule.apply(tensor).stream())
                .distinct()
                .toList();
    }
}
