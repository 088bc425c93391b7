package dev.ffmstore.internal.names;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A whole number of a table of names: computed from literal numbers, sizes of the table and metadata keys.
///
/// ```text
/// choice  = compare { "else" compare }          the first that is known
/// compare = sum [ (">=" | "<" | "==") sum ]     1 or 0
/// sum     = product { ("+" | "-") product }
/// product = atom { ("*" | "/") atom }           division drops the remainder
/// atom    = number | name | "(" choice ")"
/// ```
///
/// A result is unknown if a part of it is, if it is out of the range of a long, or divides by zero. Immutable.
final class Expression {
    private static final Pattern TOKEN = Pattern.compile("\\s*(\\d+|[A-Za-z_%][\\w.]*|>=|==|[-+*/<()])");
    private static final int DEEPEST = 20;
    private static final int MOST_TOKENS = 100;

    /// Looks up names.
    @FunctionalInterface
    interface Scope {
        /// {@return the value of a name, or empty if it is not known}
        OptionalLong value(String name);
    }

    /// A part of an expression.
    private sealed interface Node {
        record Number(long value) implements Node {}

        record Name(String name) implements Node {}

        record Of(String operator, Node left, Node right) implements Node {}
    }

    private final String text;
    private final Node root;

    private Expression(String text, Node root) {
        this.text = text;
        this.root = root;
    }

    /// {@return the expression that a text states; empty if it is malformed}
    static Optional<Expression> parse(String text) {
        List<String> tokens = new ArrayList<>();
        Matcher matcher = TOKEN.matcher(text.strip());
        while (matcher.lookingAt()) {
            tokens.add(matcher.group(1));
            matcher.region(matcher.end(), matcher.regionEnd());
        }
        if (matcher.regionStart() != matcher.regionEnd() || tokens.isEmpty() || tokens.size() > MOST_TOKENS) {
            return Optional.empty();
        }
        return new Parser(tokens).parse().map(root -> new Expression(text.strip(), root));
    }

    private static final class Parser {
        private final List<String> tokens;
        private int at;
        private int depth;

        Parser(List<String> tokens) {
            this.tokens = tokens;
        }

        Optional<Node> parse() {
            Optional<Node> whole = choice();
            return at == tokens.size() ? whole : Optional.empty();
        }

        private boolean next(String... operators) {
            return at < tokens.size() && List.of(operators).contains(tokens.get(at));
        }

        private Optional<Node> choice() {
            Optional<Node> left = compare();
            while (left.isPresent() && next("else")) {
                left = joined(left.get(), tokens.get(at++), compare());
            }
            return left;
        }

        private Optional<Node> compare() {
            Optional<Node> left = sum();
            return left.isPresent() && next(">=", "<", "==") ? joined(left.get(), tokens.get(at++), sum()) : left;
        }

        private Optional<Node> sum() {
            Optional<Node> left = product();
            while (left.isPresent() && next("+", "-")) {
                left = joined(left.get(), tokens.get(at++), product());
            }
            return left;
        }

        private Optional<Node> product() {
            Optional<Node> left = atom();
            while (left.isPresent() && next("*", "/")) {
                left = joined(left.get(), tokens.get(at++), atom());
            }
            return left;
        }

        private Optional<Node> atom() {
            if (at == tokens.size()) {
                return Optional.empty();
            }
            String token = tokens.get(at++);
            if (token.equals("(") && ++depth <= DEEPEST) {
                Optional<Node> inside = choice();
                return inside.isPresent() && next(")") && at++ > 0 ? inside : Optional.empty();
            }
            if (Character.isDigit(token.charAt(0))) {
                try {
                    return Optional.of(new Node.Number(Long.parseLong(token)));
                } catch (NumberFormatException e) { // more digits than a long has
                    return Optional.empty();
                }
            }
            boolean isName = Character.isLetter(token.charAt(0)) || token.charAt(0) == '_' || token.charAt(0) == '%';
            return isName && !token.equals("else") ? Optional.of(new Node.Name(token)) : Optional.empty();
        }

        private static Optional<Node> joined(Node left, String operator, Optional<Node> right) {
            return right.map(other -> new Node.Of(operator, left, other));
        }
    }

    /// {@return the value, or empty if a name that it takes is not known}
    OptionalLong value(Scope scope) {
        try {
            return value(root, scope);
        } catch (ArithmeticException e) {
            return OptionalLong.empty();
        }
    }

    private static OptionalLong value(Node node, Scope scope) {
        return switch (node) {
            case Node.Number number -> OptionalLong.of(number.value());
            case Node.Name name -> scope.value(name.name());
            case Node.Of of
            when of.operator().equals("else") -> {
                OptionalLong left = value(of.left(), scope);
                yield left.isPresent() ? left : value(of.right(), scope);
            }
            case Node.Of of -> {
                OptionalLong left = value(of.left(), scope);
                OptionalLong right = value(of.right(), scope);
                yield left.isEmpty() || right.isEmpty()
                        ? OptionalLong.empty()
                        : OptionalLong.of(of(of.operator(), left.getAsLong(), right.getAsLong()));
            }
        };
    }

    private static long of(String operator, long left, long right) {
        return switch (operator) {
            case "+" -> Math.addExact(left, right);
            case "-" -> Math.subtractExact(left, right);
            case "*" -> Math.multiplyExact(left, right);
            case "/" -> left / right;
            case "<" -> left < right ? 1 : 0;
            case ">=" -> left >= right ? 1 : 0;
            default -> left == right ? 1 : 0;
        };
    }

    /// {@return the names that the expression takes, in their order}
    List<String> names() {
        List<String> names = new ArrayList<>();
        collect(root, names);
        return names;
    }

    private static void collect(Node node, List<String> names) {
        switch (node) {
            case Node.Number _ -> {}
            case Node.Name name -> names.add(name.name());
            case Node.Of of -> {
                collect(of.left(), names);
                collect(of.right(), names);
            }
        }
    }

    @Override
    public String toString() {
        return text;
    }
}
