package dev.ffmstore.internal.names;

import dev.ffmstore.gguf.MetadataValue;
import dev.ffmstore.gguf.Shape;
import dev.ffmstore.internal.text.Printable;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A user's own names and layouts, one [Line] for each tensor or pattern of tensors; see `Names.read`.
public final class UserNames implements NameTable {
    /// The largest table: one is written by hand or by a small script, so a larger file is something else.
    private static final long MOST_BYTES = 4 << 20;

    /// A number that may stand for the `%` of a stack.
    private static final Pattern NUMBER = Pattern.compile("(?<![0-9])(0|[1-9][0-9]{0,8})(?![0-9])");

    /// In how many places of a name the number of a stack is looked for.
    private static final int MOST_NUMBERS = 16;

    /// The most tensors that slices may become: as many as ggml reads from a file.
    private static final int MOST_SLICES = 1 << 18;

    /// A stored tensor of a line.
    private record Use(int line, int source, String pattern) {
        /// Returns what stands for the star of the pattern in a name that matches.
        String star(String name) {
            int star = pattern.indexOf('*');
            return star < 0 ? "" : name.substring(star, name.length() - (pattern.length() - star - 1));
        }
    }

    /// A tensor that is one of a line's sources.
    ///
    /// @param star what stands for `*`
    /// @param slice what stands for `%` of a stack; 0 otherwise
    private record Match(Use use, String star, long slice) {
        boolean isFirst() {
            return use.source() == 0 && slice == 0;
        }
    }

    private final String name;
    private final List<Line> lines;

    /// Sources of lines that do not stack, and an index of their patterns.
    private final List<Use> plain = new ArrayList<>();

    private final RuleIndex plainIndex;

    /// The sources of lines that stack, and an index of their patterns, in which `%` is an ordinary character.
    private final List<Use> stacked = new ArrayList<>();

    private final RuleIndex stackedIndex;

    private UserNames(String name, List<Line> lines) {
        this.name = name;
        this.lines = lines;
        for (int i = 0; i < lines.size(); i++) {
            Line line = lines.get(i);
            for (int source = 0; source < line.sources().size(); source++) {
                Use use = new Use(i, source, line.sources().get(source).pattern());
                (line.isStacked() ? stacked : plain).add(use);
            }
        }
        plainIndex = RuleIndex.of(plain.stream().map(Use::pattern).toList());
        stackedIndex = RuleIndex.of(stacked.stream().map(Use::pattern).toList());
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
        Set<String> known = new LinkedHashSet<>();
        List<Line> parsed = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            String line = withoutComment(lines.get(i)).strip();
            if (line.isEmpty()) {
                continue;
            }
            String place = name + ":" + (i + 1);
            parsed.add(parse(place, line));
            int middle = line.indexOf('=');
            if (!known.add(line.substring(0, middle).strip() + "="
                    + line.substring(middle + 1).strip())) {
                throw malformed(place, "this line is there already", line);
            }
        }
        return new UserNames(name, List.copyOf(parsed));
    }

    static String withoutComment(String line) {
        for (int i = line.indexOf('#'); i >= 0; i = line.indexOf('#', i + 1)) {
            if (i == 0 || Character.isWhitespace(line.charAt(i - 1))) {
                return line.substring(0, i);
            }
        }
        return line;
    }

    private static Line parse(String place, String text) throws IOException {
        Line line;
        try {
            line = Line.parse(text);
        } catch (IllegalArgumentException e) {
            throw malformed(place, e.getMessage(), text);
        }
        long stars = count('*', line.renamed());
        for (Line.Source source : line.sources()) {
            if (stars > 1 || count('*', source.pattern()) != stars) {
                throw malformed(place, "expected one * on both sides, or none", text);
            }
            if (source.steps().stream().anyMatch(step -> step.word() == Step.Word.EXPECT)) {
                throw malformed(place, "no operation is called expect", text);
            }
        }
        if (line.renamed().indexOf('\0') >= 0) {
            throw malformed(place, "a name with NUL", text);
        }
        if (line.isUnstacked() && count('%', line.renamed()) != 1) {
            throw malformed(place, "expected one % in the new name, for the number of the slice", text);
        }
        if (line.isStacked() && count('%', line.sources().getFirst().pattern()) != 1) {
            throw malformed(place, "expected one % in the stored name, for 0, 1, 2 …", text);
        }
        return line;
    }

    private static long count(char wanted, String text) {
        return text.chars().filter(c -> c == wanted).count();
    }

    private static IOException malformed(String place, String problem, String line) {
        return new IOException(Printable.escape(place) + ": " + problem + ": " + Printable.escape(line, 200));
    }

    /// @throws UnknownNameException if a line matches no tensor of the model
    @Override
    public Translation forModel(Model model) throws UnknownNameException {
        Map<Integer, Map<String, BitSet>> slices = new HashMap<>();
        BitSet matchedPlain = new BitSet(plain.size());
        BitSet matchedLines = new BitSet(lines.size());
        for (String tensor : model.names()) {
            plainIndex.exact(tensor).forEach(matchedPlain::set);
            plainIndex.starred(tensor).forEach(matchedPlain::set);
            for (Match match : stackedMatches(tensor)) {
                matchedLines.set(match.use().line());
                if (match.slice() < MOST_SLICES) {
                    slices.computeIfAbsent(match.use().line(), _ -> new HashMap<>())
                            .computeIfAbsent(match.star(), _ -> new BitSet())
                            .set((int) match.slice());
                }
            }
        }
        int unmatched = matchedPlain.nextClearBit(0);
        if (unmatched < plain.size()) {
            throw unmatched(plain.get(unmatched));
        }
        for (Use use : stacked) {
            if (!matchedLines.get(use.line())) {
                throw unmatched(use);
            }
        }
        return new OfModel(model, slices);
    }

    private UnknownNameException unmatched(Use use) {
        return new UnknownNameException("no tensor matches {} of the names in {}", use.pattern(), name);
    }

    private List<Match> stackedMatches(String tensor) {
        if (stacked.isEmpty()) {
            return List.of();
        }
        List<Match> matches = new ArrayList<>();
        Matcher number = NUMBER.matcher(tensor);
        for (int i = 0; i < MOST_NUMBERS && number.find(); i++) {
            String template = tensor.substring(0, number.start()) + "%" + tensor.substring(number.end());
            long slice = Long.parseLong(number.group());
            List<Integer> found = new ArrayList<>(stackedIndex.exact(template));
            found.addAll(stackedIndex.starred(template));
            for (int use : found) {
                String star = stacked.get(use).star(template);
                if (star.indexOf('%') < 0) {
                    matches.add(new Match(stacked.get(use), star, slice));
                }
            }
        }
        return matches;
    }

    private List<Match> matches(String tensor) {
        List<Integer> exact = plainIndex.exact(tensor);
        List<Match> matches = new ArrayList<>();
        for (int use : exact.isEmpty() ? plainIndex.starred(tensor) : exact) {
            matches.add(new Match(plain.get(use), plain.get(use).star(tensor), 0));
        }
        if (exact.isEmpty()) {
            matches.addAll(stackedMatches(tensor));
        }
        return matches;
    }

    /// The translation of one model. Used by one thread.
    private final class OfModel implements Translation, Step.Scope {
        private final Model model;
        private final Map<Integer, Map<String, BitSet>> slices;
        private long unstacked;

        OfModel(Model model, Map<Integer, Map<String, BitSet>> slices) {
            this.model = model;
            this.slices = slices;
        }

        @Override
        public Entry of(String tensor, Shape shape) throws UnknownNameException {
            List<Match> matches = matches(tensor);
            if (matches.isEmpty()) {
                return Entry.of(List.of(Output.renamed(tensor, List.of(tensor))));
            }
            Optional<String> first = Optional.empty();
            Map<Output, Set<String>> names = new LinkedHashMap<>();
            for (Match match : matches) {
                if (match.isFirst()) {
                    add(names, match, tensor, shape);
                } else {
                    String pattern =
                            lines.get(match.use().line()).sources().getFirst().pattern();
                    first = Optional.of(pattern.replace("*", match.star()).replace("%", "0"));
                }
            }
            List<Output> outputs = new ArrayList<>();
            names.forEach((output, all) -> outputs.add(output.named(List.copyOf(all))));
            return new Entry(List.copyOf(outputs), first);
        }

        private void add(Map<Output, Set<String>> names, Match match, String tensor, Shape shape)
                throws UnknownNameException {
            Line line = lines.get(match.use().line());
            String renamed = line.renamed().replace("*", match.star());
            if (!line.isUnstacked()) {
                Output output = line.output(List.of(), tensors(line, match), this, 0);
                names.computeIfAbsent(output, _ -> new LinkedHashSet<>()).add(renamed);
                return;
            }
            long count = shape.rank() == 0 ? 0 : shape.dimension(0);
            unstacked += count;
            if (count > MOST_SLICES || unstacked > MOST_SLICES) {
                throw new UnknownNameException("tensor {}: more than {} slices", tensor, MOST_SLICES);
            }
            for (long i = 0; i < count; i++) {
                Output output = line.output(List.of(), tensors(line, match), this, i);
                names.computeIfAbsent(output, _ -> new LinkedHashSet<>()).add(renamed.replace("%", Long.toString(i)));
            }
        }

        private List<String> tensors(Line line, Match match) throws UnknownNameException {
            List<String> tensors = new ArrayList<>();
            if (!line.isStacked()) {
                for (Line.Source source : line.sources()) {
                    tensors.add(source.pattern().replace("*", match.star()));
                }
                return tensors;
            }
            String pattern = line.sources().getFirst().pattern().replace("*", match.star());
            BitSet there = slices.getOrDefault(match.use().line(), Map.of()).getOrDefault(match.star(), new BitSet());
            for (int i = 0; i < there.length(); i++) {
                if (!there.get(i)) {
                    throw new UnknownNameException(
                            "{} of the names in {} stacks {} tensors, of which {} is missing",
                            pattern,
                            name,
                            there.length(),
                            pattern.replace("%", Integer.toString(i)));
                }
                tensors.add(pattern.replace("%", Integer.toString(i)));
            }
            return tensors;
        }

        @Override
        public OptionalLong value(String key) {
            return model.metadata().find(key).orElse(null) instanceof MetadataValue.Int number
                    ? OptionalLong.of(number.value())
                    : OptionalLong.empty();
        }

        @Override
        public UnknownNameException unusable(Expression expression) {
            return new UnknownNameException(
                    "the names in {} need {}, which the metadata do not give, or not as a number that fits",
                    name,
                    expression);
        }
    }
}
