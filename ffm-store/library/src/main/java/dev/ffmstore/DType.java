package dev.ffmstore;

import dev.ffmstore.ggml.Float8;
import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.ggml.StoredType;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;

/// The type of a dense element, little-endian in memory and in files. The names are those of safetensors.
///
/// | types | what they are |
/// |---|---|
/// | F32, F16, BF16 | floats; quantised blocks become one of them |
/// | F8_E4M3, F8_E5M2, F8_E8M0 | 8-bit floats, see [Float8], which become F32, F16 or BF16, or stay |
/// | F64, I8 to I64, U8 to U64, BOOL | numbers that stay what they are; a BOOL is a byte of 0 or 1 |
/// | C64, F4, F6_E2M3, F6_E3M2 | bits that stay what they are: two F32, and packed floats of 4 and 6 bits |
public enum DType implements StoredType {
    F32(4),
    F16(2),
    BF16(2),
    F64(8),
    I8(1),
    I16(2),
    I32(4),
    I64(8),
    BOOL(1),
    U8(1),
    U16(2),
    U32(4),
    U64(8),
    F8_E4M3(1),
    F8_E5M2(1),
    F8_E8M0(1),
    C64(8),
    F4(2, 1),
    F6_E2M3(4, 3),
    F6_E3M2(4, 3);

    /// The types that ggml has, too.
    private static final Map<GgmlType, DType> BY_GGML = new EnumMap<>(GgmlType.class);

    static {
        for (DType dtype : values()) {
            if (dtype.stored() instanceof GgmlType ggml) {
                BY_GGML.put(ggml, dtype);
            }
        }
    }

    private final int blockLength;
    private final int blockBytes;

    DType(int byteSize) {
        this(1, byteSize);
    }

    DType(int blockLength, int blockBytes) {
        this.blockLength = blockLength;
        this.blockBytes = blockBytes;
    }

    /// {@return the size of an element in bytes; for F4, F6_E2M3 and F6_E3M2, whose elements are smaller than a
    /// byte, that of [#blockLength] elements}
    public int byteSize() {
        return blockBytes;
    }

    /// {@return the size of some elements in bytes}
    ///
    /// @param elements the number of elements, 0 or more
    /// @throws IllegalArgumentException if they are not whole bytes
    /// @throws ArithmeticException if the size is more than a long holds
    public long byteSize(long elements) {
        if (elements % blockLength != 0) {
            throw new IllegalArgumentException(elements + " elements of " + this + " are not whole bytes");
        }
        return Math.multiplyExact(elements / blockLength, (long) blockBytes);
    }

    /// {@return whether stored elements of a type are elements of this type, bit for bit}
    public boolean isStoredAs(StoredType type) {
        return storedAs(type).equals(Optional.of(this));
    }

    /// {@return the type whose elements a type stores as they are; empty for quantised types}
    static Optional<DType> storedAs(StoredType type) {
        return switch (type) {
            case DType dtype -> Optional.of(dtype);
            case GgmlType ggml -> Optional.ofNullable(BY_GGML.get(ggml));
            default -> Optional.empty();
        };
    }

    /// {@return the type that elements of a type become by default: F32 for floats of 16 and 8 bits and for
    /// quantised blocks, while all else stays what it is}
    public static DType denseOf(StoredType type) {
        return switch (storedAs(type).orElse(F32)) {
            case F16, BF16, F8_E4M3, F8_E5M2, F8_E8M0 -> F32;
            case DType other -> other;
        };
    }

    /// {@return which 8-bit float this is; empty if it is none}
    public Optional<Float8> float8() {
        return switch (this) {
            case F8_E4M3 -> Optional.of(Float8.E4M3);
            case F8_E5M2 -> Optional.of(Float8.E5M2);
            case F8_E8M0 -> Optional.of(Float8.E8M0);
            default -> Optional.empty();
        };
    }

    /// {@return the type of tensors that store elements of this type as they are: ggml's of the same name, or this
    /// type where ggml has none}
    public StoredType stored() {
        return switch (this) {
            case F32 -> GgmlType.F32;
            case F16 -> GgmlType.F16;
            case BF16 -> GgmlType.BF16;
            case F64 -> GgmlType.F64;
            case I8 -> GgmlType.I8;
            case I16 -> GgmlType.I16;
            case I32 -> GgmlType.I32;
            case I64 -> GgmlType.I64;
            default -> this;
        };
    }

    /// {@return the number of elements that are stored together: 1, for F4 2, and for F6_E2M3 and F6_E3M2 4}
    @Override
    public int blockLength() {
        return blockLength;
    }

    /// {@return the size of [#blockLength] elements in bytes}
    @Override
    public int blockBytes() {
        return blockBytes;
    }
}
