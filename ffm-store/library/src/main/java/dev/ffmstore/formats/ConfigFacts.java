package dev.ffmstore.formats;

import dev.ffmstore.Model;
import dev.ffmstore.ModelException;
import dev.ffmstore.StoredTensor;
import dev.ffmstore.TensorForm;
import dev.ffmstore.gguf.MetadataType;
import dev.ffmstore.gguf.MetadataValue;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// What a [ConfigTable] asks of a model.
final class ConfigFacts {
    /// A list with an entry for each block is made for no more blocks than this.
    private static final long MOST_BLOCKS = 1 << 16;

    private static final Fact ABSENT = new Fact("", null);

    private final Model model;
    private final String architecture;
    private final TensorForm form;

    /// A value that was told.
    ///
    /// @param json the value as JSON; empty for a key that is left out
    /// @param number the value, if it is a number
    private record Fact(String json, @Nullable BigDecimal number) {
        static Fact of(long number) {
            return new Fact(Long.toString(number), BigDecimal.valueOf(number));
        }

        static Fact of(boolean truth) {
            return new Fact(Boolean.toString(truth), null);
        }
    }

    ConfigFacts(Model model, String architecture, TensorForm form) {
        this.model = model;
        this.architecture = architecture;
        this.form = form;
    }

    /// {@return whether one of some conditions holds, or there are none}
    boolean holds(List<ConfigTable.Condition> either) throws IOException {
        for (ConfigTable.Condition condition : either) {
            Optional<Fact> fact = fact(condition.operand());
            Optional<String> equal = condition.equal();
            if (fact.isPresent()
                    && (equal.isPresent()
                            ? fact.get().json().equals(equal.get())
                            : !fact.get().json().equals("false"))) {
                return true;
            }
        }
        return either.isEmpty();
    }

    /// {@return the value of an entry as JSON; empty if its key is left out}
    ///
    /// @throws ModelException if it cannot be told
    Optional<String> value(ConfigTable.Entry entry) throws IOException {
        for (ConfigTable.Value value : entry.values()) {
            Optional<Fact> fact = holds(value.condition()) ? fact(value.terms()) : Optional.empty();
            if (fact.isPresent()) {
                return fact.map(Fact::json).filter(json -> !json.isEmpty());
            }
        }
        throw missing(entry);
    }

    private ModelException missing(ConfigTable.Entry entry) {
        for (ConfigTable.Value value : entry.values()) {
            for (String term : value.terms()) {
                String[] parts = term.split(":", 2);
                String expected = switch (parts[0]) {
                    case "int", "max" -> "a positive integer";
                    case "count" -> "an integer";
                    case "real" -> "a floating-point number";
                    case "bool" -> "a truth value";
                    case "each" -> "an array";
                    default -> "";
                };
                if (!expected.isEmpty()) {
                    String key = key(parts[1].replaceFirst(":.*", ""));
                    return wrong(
                            key,
                            expected,
                            find(key).map(MetadataValue::toString).orElse("no such key"));
                }
            }
        }
        return ModelException.of(model.name(), "config.json: {} cannot be told", entry.key());
    }

    private ModelException wrong(String key, String expected, Object got) {
        return ModelException.expected(model.name(), expected, got, "config.json needs the metadata key {}", key);
    }

    private Optional<Fact> fact(List<String> terms) throws IOException {
        Optional<Fact> result = fact(terms.getFirst());
        for (int i = 1; i < terms.size() && result.isPresent(); i += 2) {
            Optional<Fact> right = fact(terms.get(i + 1));
            result = right.isEmpty()
                    ? Optional.empty()
                    : combined(result.get(), terms.get(i), right.get(), String.join(" ", terms));
        }
        return result;
    }

    private Optional<Fact> combined(Fact left, String operator, Fact right, String expression) throws ModelException {
        BigDecimal a = left.number();
        BigDecimal b = right.number();
        if (a == null || b == null) {
            throw new IllegalArgumentException("not a number in " + expression);
        }
        if (operator.startsWith("/") && b.signum() == 0 || operator.equals("^") && a.signum() <= 0) {
            return Optional.empty();
        }
        BigDecimal number = switch (operator) {
            case "+" -> a.add(b);
            case "-" -> a.subtract(b);
            case "*" -> a.multiply(b);
            case "/" -> a.divide(b, MathContext.DECIMAL64);
            case "//" -> a.divideToIntegralValue(b);
            case "^" -> new BigDecimal(Math.pow(a.doubleValue(), b.doubleValue()), MathContext.DECIMAL64);
            default -> throw new IllegalArgumentException("no operator " + operator);
        };
        boolean isInteger = left.json().indexOf('.') < 0 && !operator.equals("/") && !operator.equals("^");
        return Optional.of(
                isInteger
                        ? new Fact(number.setScale(0, RoundingMode.DOWN).toPlainString(), number)
                        : new Fact(Double.toString(number.doubleValue()), number));
    }

    private Optional<Fact> fact(String operand) throws IOException {
        String[] parts = operand.split(":", 2);
        String rest = parts.length == 1 ? "" : parts[1];
        return switch (parts[0]) {
            case "int" -> integer(key(rest)).filter(number -> number > 0).map(Fact::of);
            case "count" -> integer(key(rest)).map(Fact::of);
            case "max" -> largest(key(rest)).filter(number -> number > 0).map(Fact::of);
            case "real" -> real(key(rest));
            case "bool" -> truth(key(rest));
            case "token" -> token(rest).map(Fact::of);
            case "dim" -> dimension(rest).map(Fact::of);
            case "has" -> Optional.of(Fact.of(model.find(rest).isPresent()));
            case "some" -> Optional.of(Fact.of(hasTensorEndingWith(rest)));
            case "tied" -> Optional.of(Fact.of(model.find("output.weight").isEmpty()));
            case "each" -> each(rest);
            case "cycle" -> cycle(rest);
            case "rope_scaling" -> RopeScaling.of(model, form, rest).map(json -> new Fact(json, null));
            case "rope_layers" -> Optional.of(new Fact(ropeOfLayers(rest), null));
            case "absent" -> Optional.of(ABSENT);
            default -> Optional.of(literal(operand));
        };
    }

    private String ropeOfLayers(String operand) throws IOException {
        String[] parts = operand.split(":");
        String base = real(key("rope.freq_base")).map(Fact::json).orElse(parts[2]);
        String plain = "{\"rope_type\": \"default\", \"rope_theta\": " + base + "}";
        String scaled = RopeScaling.of(model, form, "\"rope_theta\": " + base).orElse(plain);
        return "{\"" + parts[0] + "\": " + plain + ", \"" + parts[1] + "\": " + scaled + "}";
    }

    private static Fact literal(String json) {
        boolean isNumber = json.matches("-?[0-9.]+(e-?[0-9]+)?");
        return new Fact(json, isNumber ? new BigDecimal(json) : null);
    }

    private String key(String name) {
        return architecture + "." + name;
    }

    private Optional<MetadataValue> find(String key) {
        return model.metadata().find(key);
    }

    /// Returns the integer of a key; of an array the one number that all its elements are.
    private Optional<Long> integer(String key) throws ModelException {
        Optional<MetadataValue> value = find(key);
        if (value.isEmpty()) {
            return Optional.empty();
        }
        return switch (value.get()) {
            case MetadataValue.Int number when number.value() >= 0 -> Optional.of(number.value());
            case MetadataValue.Array array
            when array.elementType().isInteger() ->
                distinct(array).size() == 1 ? Optional.of(array.integer(0)) : Optional.empty();
            default -> throw wrong(key, "an integer", value.get());
        };
    }

    /// Returns up to two different elements of an array.
    private static List<Long> distinct(MetadataValue.Array array) {
        List<Long> found = new ArrayList<>();
        for (long i = 0; i < array.size() && found.size() < 2; i++) {
            if (!found.contains(array.integer(i))) {
                found.add(array.integer(i));
            }
        }
        return found;
    }

    private Optional<Long> largest(String key) throws ModelException {
        if (!(find(key).orElse(null) instanceof MetadataValue.Array array)
                || !array.elementType().isInteger()) {
            return integer(key);
        }
        long largest = 0;
        for (long i = 0; i < array.size(); i++) {
            largest = Math.max(largest, array.integer(i));
        }
        return Optional.of(largest);
    }

    private Optional<Fact> real(String key) throws ModelException {
        Optional<MetadataValue> value = find(key);
        if (value.isEmpty()) {
            return Optional.empty();
        }
        return switch (value.get()) {
            case MetadataValue.Real number
            when Double.isFinite(number.value()) ->
                Optional.of(new Fact(number.toString(), new BigDecimal(number.toString())));
            case MetadataValue.Int number -> Optional.of(new Fact(number + ".0", new BigDecimal(number.toString())));
            default -> throw wrong(key, "a floating-point number", value.get());
        };
    }

    private Optional<Fact> truth(String key) throws ModelException {
        Optional<MetadataValue> value = find(key);
        if (value.isEmpty()) {
            return Optional.empty();
        }
        if (value.get() instanceof MetadataValue.Bool truth) {
            return Optional.of(Fact.of(truth.value()));
        }
        throw wrong(key, "a truth value", value.get());
    }

    private Optional<Long> token(String name) throws ModelException {
        return integer("tokenizer.ggml." + name + "_token_id");
    }

    private Optional<Long> dimension(String operand) {
        String[] parts = operand.split(":", 2);
        int index = Integer.parseInt(parts[0]);
        return model.find(parts[1])
                .map(StoredTensor::shape)
                .filter(shape -> shape.rank() > index)
                .map(shape -> shape.dimension(index));
    }

    private boolean hasTensorEndingWith(String end) {
        return model.tensors().stream().anyMatch(tensor -> tensor.name().endsWith(end));
    }

    private Optional<Fact> each(String operand) throws ModelException {
        String[] parts = operand.split(":");
        if (!(find(key(parts[0])).orElse(null) instanceof MetadataValue.Array array)
                || !array.elementType().isInteger() && array.elementType() != MetadataType.BOOL) {
            return Optional.empty();
        }
        checkBlocks(key(parts[0]), array.size());
        List<String> names = new ArrayList<>();
        for (Object element : array) {
            boolean isYes = element instanceof Boolean truth ? truth : !element.equals(0L);
            names.add(parts[isYes ? 2 : 1]);
        }
        return Optional.of(strings(names));
    }

    private Optional<Fact> cycle(String operand) throws ModelException {
        String[] parts = operand.split(":");
        Optional<Long> blocks = integer(key("block_count"));
        if (blocks.isEmpty()) {
            return Optional.empty();
        }
        checkBlocks(key("block_count"), blocks.get());
        int first = Integer.parseInt(parts[0]);
        List<String> names = new ArrayList<>();
        for (int i = 0; i < blocks.get(); i++) {
            names.add(i % (first + 1) < first ? parts[1] : parts[2]);
        }
        return Optional.of(strings(names));
    }

    private void checkBlocks(String key, long blocks) throws ModelException {
        if (blocks > MOST_BLOCKS) {
            throw wrong(key, "at most " + MOST_BLOCKS + " blocks", blocks);
        }
    }

    private static Fact strings(List<String> names) {
        return new Fact(names.stream().map(JsonText::quote).collect(Collectors.joining(", ", "[", "]")), null);
    }
}
