package dev.ffmstore.mlir;

import dev.ffmstore.DType;
import dev.ffmstore.TensorSlot;
import dev.ffmstore.gguf.Shape;
import dev.ffmstore.internal.text.Printable;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Pattern;

/// A ranked tensor type of MLIR, such as `tensor<256x2048xf32>`.
///
/// @param dimensions the dimensions, outermost first; [#DYNAMIC] for `?`
/// @param element the type of the elements as MLIR spells it, and whatever follows it up to the `>`
record TensorType(List<Long> dimensions, String element) {
    /// The number that bytecode has for a dimension that is not known.
    static final long DYNAMIC = Long.MIN_VALUE;

    private static final int MAX_RANK = 64;

    /// Integers that say whether they have a sign: `si32`, `ui8`.
    private static final Pattern SIGNED = Pattern.compile("[su]i(8|16|32|64)");

    TensorType {
        dimensions = List.copyOf(dimensions);
    }

    /// {@return the type of a tensor}
    ///
    /// @throws IllegalArgumentException if its elements are smaller than a byte, which modules pack in ways of
    /// their own
    static TensorType of(TensorSlot tensor) {
        List<Long> dimensions = new ArrayList<>();
        for (long dimension : tensor.shape().toArray()) {
            dimensions.add(dimension);
        }
        return new TensorType(
                dimensions,
                element(tensor.dtype())
                        .orElseThrow(() -> new IllegalArgumentException("tensor " + Printable.escape(tensor.name())
                                + ": elements of " + tensor.dtype()
                                + ", which are smaller than a byte, are not written into modules")));
    }

    /// {@return a dtype as MLIR spells it; empty if its elements are smaller than a byte}
    private static Optional<String> element(DType dtype) {
        return switch (dtype) {
            case F32, F16, BF16, F64, I8, I16, I32, I64 ->
                Optional.of(dtype.name().toLowerCase(Locale.ROOT));
            case U8, U16, U32, U64 -> Optional.of("ui" + 8 * dtype.byteSize());
            case BOOL -> Optional.of("i1"); // a byte for each element
            case F8_E4M3 -> Optional.of("f8E4M3FN");
            case F8_E5M2 -> Optional.of("f8E5M2");
            case F8_E8M0 -> Optional.of("f8E8M0FNU");
            case C64 -> Optional.of("complex<f32>");
            case F4, F6_E2M3, F6_E3M2 -> Optional.empty();
        };
    }

    /// {@return the type that is written as `4x4xf32` between angle brackets; empty if it is malformed}
    static Optional<TensorType> parse(String inside) {
        List<Long> dimensions = new ArrayList<>();
        int at = 0;
        while (true) {
            int end = at;
            while (end < inside.length() && (isDigit(inside.charAt(end)) || inside.charAt(end) == '?')) {
                end++;
            }
            if (end == at) {
                break;
            }
            if (end == inside.length() || inside.charAt(end) != 'x' || dimensions.size() == MAX_RANK) {
                return Optional.empty();
            }
            Optional<Long> dimension = dimension(inside.substring(at, end));
            if (dimension.isEmpty()) {
                return Optional.empty();
            }
            dimensions.add(dimension.get());
            at = end + 1;
        }
        return at == inside.length() ? Optional.empty() : Optional.of(new TensorType(dimensions, inside.substring(at)));
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    private static Optional<Long> dimension(String text) {
        if (text.equals("?")) {
            return Optional.of(DYNAMIC);
        }
        try {
            return Optional.of(Long.parseLong(text));
        } catch (NumberFormatException e) { // two question marks, or more digits than any size has
            return Optional.empty();
        }
    }

    /// {@return whether data of another type, that of a tensor, is data of this type: the same shape and elements,
    /// or integers of the same width, whose bits are the same whether they are said to have a sign or not}
    boolean takes(TensorType data) {
        return dimensions.equals(data.dimensions) && bits(element).equals(bits(data.element));
    }

    /// {@return the type of integers without a sign for those that say whether they have one; others as they are}
    private static String bits(String element) {
        return SIGNED.matcher(element).matches() ? element.substring(1) : element;
    }

    /// {@return the size of the tensor's data in bytes, if its shape is static and its element type is a [DType]}
    OptionalLong byteSize() {
        for (DType dtype : DType.values()) {
            if (element(dtype).map(TensorType::bits).equals(Optional.of(bits(element)))) {
                try {
                    Shape shape = Shape.of(
                            dimensions.stream().mapToLong(Long::longValue).toArray());
                    return OptionalLong.of(dtype.byteSize(shape.elementCount()));
                } catch (IllegalArgumentException | ArithmeticException e) { // dynamic, or beyond any file
                    return OptionalLong.empty();
                }
            }
        }
        return OptionalLong.empty();
    }

    /// {@return the type as MLIR writes it, not escaped}
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("tensor<");
        for (long dimension : dimensions) {
            text.append(dimension == DYNAMIC ? "?" : Long.toString(dimension)).append('x');
        }
        return text.append(element).append('>').toString();
    }
}
