package dev.ffmstore.internal.names;

import dev.ffmstore.gguf.MetadataType;
import dev.ffmstore.gguf.MetadataValue;
import dev.ffmstore.gguf.Shape;
import dev.ffmstore.internal.text.Problem;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.LongStream;

/// The translation of one model by the table of its architecture. Used by one thread.
final class ArchitectureTranslation implements NameTable.Translation {
    private static final String NUMBER = "(0|[1-9][0-9]{0,8})";
    private static final Pattern BLOCK = Pattern.compile("blk\\." + NUMBER + "\\.(.+)");
    private static final Pattern SLICE = Pattern.compile("(?<=\\.)" + NUMBER + "(?=\\.)");

    /// The block of a tensor that is in none.
    private static final long NO_BLOCK = -1;

    /// How many missing tensors a message names.
    private static final int SHOWN = 3;

    /// The most tensors that slices may become: as many as ggml reads from a file.
    private static final int MOST_SLICES = 1 << 18;

    private final String architecture;
    private final ArchitectureTable table;
    private final NameTable.Model model;
    private final Set<String> names;
    private final Map<Long, int[]> alternatives = new HashMap<>();
    private long slices;

    ArchitectureTranslation(String architecture, ArchitectureTable table, NameTable.Model model) {
        this.architecture = architecture;
        this.table = table;
        this.model = model;
        this.names = model.names();
    }

    /// A tensor's name, taken apart.
    ///
    /// @param pattern the name with `*` and `%` in place of numbers
    /// @param block the number of the block, or [#NO_BLOCK]
    /// @param slice the number in place of `%`, or 0
    private record Parsed(String pattern, long block, long slice) {}

    private Parsed parse(String name) {
        Matcher matcher = BLOCK.matcher(name);
        if (!matcher.matches()) {
            return new Parsed(name, NO_BLOCK, 0);
        }
        String pattern = "blk.*." + matcher.group(2);
        long block = Long.parseLong(matcher.group(1));
        Matcher slice = SLICE.matcher(pattern);
        if (!isKnown(pattern) && slice.find()) {
            return new Parsed(
                    pattern.substring(0, slice.start()) + "%" + pattern.substring(slice.end()),
                    block,
                    Long.parseLong(slice.group(1)));
        }
        return new Parsed(pattern, block, 0);
    }

    private boolean isKnown(String pattern) {
        return table.isDropped(pattern) || !table.uses(pattern).isEmpty();
    }

    @Override
    public NameTable.Entry of(String name, Shape shape) throws UnknownNameException {
        Parsed parsed = parse(name);
        // whoever names a tensor with a literal * or % means neither
        if (!isKnown(parsed.pattern())
                || !stored(parsed.pattern(), parsed.block(), parsed.slice()).equals(name)) {
            throw new UnknownNameException("no name of hf for tensor {} of the architecture {}", name, architecture);
        }
        if (table.isDropped(parsed.pattern())) {
            return NameTable.Entry.NOTHING;
        }
        List<ArchitectureTable.Use> uses = active(parsed);
        if (uses.isEmpty()) {
            throw new UnknownNameException(
                    "no name of hf for tensor {} of the architecture {} beside the other tensors, or with its metadata",
                    name,
                    architecture);
        }
        Optional<String> disagreement = disagreement(name, shape);
        if (disagreement.isPresent()) {
            throw UnknownNameException.ofSentence(disagreement.get());
        }
        List<Output> outputs = new ArrayList<>();
        for (ArchitectureTable.Use use : uses) {
            if (use.source() > 0) {
                return new NameTable.Entry(
                        List.of(),
                        Optional.of(stored(
                                use.rule().line().sources().getFirst().pattern(), parsed.block(), parsed.slice())));
            }
            add(outputs, use.rule().line(), parsed, name, shape);
        }
        return NameTable.Entry.of(outputs);
    }

    private void add(List<Output> outputs, Line line, Parsed parsed, String name, Shape shape)
            throws UnknownNameException {
        List<String> tensors = line.sources().stream()
                .map(source -> stored(source.pattern(), parsed.block(), parsed.slice()))
                .toList();
        Numbers numbers = new Numbers(parsed.block());
        if (!line.isUnstacked()) {
            List<String> renamed = new ArrayList<>(List.of(renamed(line, parsed.block(), parsed.slice())));
            for (ArchitectureTable.Tie tie : table.ties()) {
                if (tie.stored().equals(name) && !names.contains(tie.absent())) {
                    renamed.add(tie.renamed());
                }
            }
            outputs.add(line.output(List.copyOf(renamed), tensors, numbers, 0));
            return;
        }
        long count = shape.rank() == 0 ? 0 : shape.dimension(0);
        if (count > MOST_SLICES - slices) {
            throw new UnknownNameException("tensor {}: more than {} slices", name, MOST_SLICES);
        }
        slices += count;
        for (long i = 0; i < count; i++) {
            outputs.add(line.output(List.of(renamed(line, parsed.block(), i)), tensors, numbers, i));
        }
    }

    private static String renamed(Line line, long block, long slice) {
        return stored(line.renamed(), block, slice);
    }

    private static String stored(String pattern, long block, long slice) {
        return pattern.replace("*", Long.toString(block)).replace("%", Long.toString(slice));
    }

    private List<ArchitectureTable.Use> active(Parsed parsed) {
        return table.uses(parsed.pattern()).stream()
                .filter(use -> counts(use.rule(), parsed.block()))
                .toList();
    }

    private boolean counts(ArchitectureTable.Rule rule, long block) {
        return rule.group() == ArchitectureTable.NO_GROUP
                || alternatives.computeIfAbsent(block, this::alternatives)[rule.group()] == rule.alternative();
    }

    /// Chooses an alternative of each group for a block; −1 where none of them has a condition that holds.
    private int[] alternatives(long block) {
        int[] chosen = new int[table.groups().size()];
        long[][] present = new long[chosen.length][];
        for (int group = 0; group < chosen.length; group++) {
            present[group] = new long[table.groups().get(group).size()];
        }
        for (ArchitectureTable.Rule rule : table.rules()) {
            if (rule.group() != ArchitectureTable.NO_GROUP) {
                present[rule.group()][rule.alternative()] += rule.line().sources().stream()
                        .filter(source -> names.contains(stored(source.pattern(), block, 0))
                                || names.contains(stored(source.pattern(), block, 1)))
                        .count();
            }
        }
        for (int group = 0; group < chosen.length; group++) {
            chosen[group] = -1;
            long most = -1;
            List<Optional<Expression>> conditions = table.groups().get(group);
            for (int i = 0; i < conditions.size(); i++) {
                boolean holds = conditions.get(i).isEmpty()
                        || conditions.get(i).get().value(new Numbers(block)).orElse(0) != 0;
                if (holds && present[group][i] > most) {
                    most = present[group][i];
                    chosen[group] = i;
                }
            }
        }
        return chosen;
    }

    @Override
    public Optional<String> disagreement(String name, Shape shape) {
        Parsed parsed = parse(name);
        long rows = shape.rank() == 0 ? 1 : shape.dimension(0);
        for (ArchitectureTable.Use use : active(parsed)) {
            for (Step step : use.rule().line().sources().get(use.source()).steps()) {
                if (step.word() == Step.Word.EXPECT) {
                    Expression expected = step.numbers().getFirst();
                    OptionalLong value = expected.value(new Numbers(parsed.block()));
                    if (value.isPresent() && value.getAsLong() != rows) {
                        return Optional.of(Problem.fill(
                                "tensor {} disagrees with the metadata of {}: expected {} rows ({}, by {}), got {}",
                                name,
                                architecture,
                                value.getAsLong(),
                                expected,
                                new Numbers(parsed.block()).firstKey(expected),
                                shape));
                    }
                }
            }
        }
        return Optional.empty();
    }

    @Override
    public Optional<String> missing(Predicate<String> chosen) {
        List<String> missing = new ArrayList<>();
        for (ArchitectureTable.Rule rule : table.rules()) {
            if (!rule.isOfBlocks()) {
                addMissing(missing, rule, NO_BLOCK, chosen);
            }
        }
        OptionalLong blockCount = new Numbers(NO_BLOCK).value("block_count");
        for (long block : blocks(blockCount)) {
            for (ArchitectureTable.Rule rule : table.rules()) {
                if (rule.isOfBlocks()) {
                    addMissing(missing, rule, block, chosen);
                }
            }
            if (missing.size() > SHOWN) {
                break;
            }
        }
        if (missing.isEmpty()) {
            return Optional.empty();
        }
        List<String> shown = missing.subList(0, Math.min(SHOWN, missing.size()));
        return Optional.of(Problem.fill(
                "incomplete: a model of the architecture {}{} has tensor {}, which {} missing",
                architecture,
                blockCount.isPresent() ? " and block_count " + blockCount.getAsLong() : "",
                String.join(", ", shown) + (missing.size() > SHOWN ? " and more" : ""),
                missing.size() == 1 ? "is" : "are"));
    }

    /// {@return the blocks to look at: of more than there are tensors one is missing for sure}
    private Iterable<Long> blocks(OptionalLong blockCount) {
        if (blockCount.isPresent()) {
            long most = Math.min(blockCount.getAsLong(), names.size() + 1L);
            return () -> LongStream.range(0, most).iterator();
        }
        Set<Long> blocks = new TreeSet<>();
        for (String name : names) {
            Matcher matcher = BLOCK.matcher(name);
            if (matcher.matches()) {
                blocks.add(Long.parseLong(matcher.group(1)));
            }
        }
        return blocks;
    }

    private void addMissing(List<String> missing, ArchitectureTable.Rule rule, long block, Predicate<String> chosen) {
        if (!counts(rule, block) || rule.isOptional() && isAbsent(rule, block)) {
            return;
        }
        for (Line.Source source : rule.line().sources()) {
            boolean several = source.pattern().indexOf('%') >= 0;
            long count = several ? Math.min(new Numbers(block).value("%").orElse(1), names.size() + 1L) : 1;
            for (long i = 0; i < count && missing.size() <= SHOWN; i++) {
                String name = stored(source.pattern(), block, i);
                if (!names.contains(name) && chosen.test(name) && !missing.contains(name)) {
                    missing.add(name);
                }
            }
        }
    }

    /// {@return whether none of a line's tensors is there}
    private boolean isAbsent(ArchitectureTable.Rule rule, long block) {
        return rule.line().sources().stream().noneMatch(source -> names.contains(stored(source.pattern(), block, 0)));
    }

    /// What names stand for in expressions: `block`, sizes of the table, and metadata keys of the architecture.
    private final class Numbers implements Step.Scope {
        private final long block;

        Numbers(long block) {
            this.block = block;
        }

        @Override
        public OptionalLong value(String name) {
            if (name.equals("block")) {
                return OptionalLong.of(block);
            }
            Expression size = table.size(name);
            if (size != null) {
                return size.value(this);
            }
            return switch (model.metadata().find(key(name)).orElse(null)) {
                case MetadataValue.Int number when number.value() >= 0 -> OptionalLong.of(number.value());
                case MetadataValue.Array array
                when isInteger(array.elementType()) && block >= 0 && block < array.size() ->
                    OptionalLong.of(array.integer(block));
                case null, default -> OptionalLong.empty();
            };
        }

        private static boolean isInteger(MetadataType type) {
            return switch (type) {
                case UINT8, INT8, UINT16, INT16, UINT32, INT32, UINT64, INT64 -> true;
                default -> false;
            };
        }

        private String key(String name) {
            return architecture + "." + name;
        }

        @Override
        public UnknownNameException unusable(Expression expression) {
            String key = firstKey(expression);
            return new UnknownNameException(
                    "the names of hf need the metadata key {}: expected a positive integer, got {}",
                    key,
                    model.metadata().find(key).map(MetadataValue::toString).orElse("no such key"));
        }

        private String firstKey(Expression expression) {
            String name = expression.names().getFirst();
            Expression size = table.size(name);
            return size == null ? key(name) : firstKey(size);
        }
    }
}
