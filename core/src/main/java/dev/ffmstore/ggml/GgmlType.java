package dev.ffmstore.ggml;

import java.util.Optional;

/// How ggml stores the elements of a tensor: in blocks of a fixed number of elements and bytes.
///
/// The ids, block lengths and block sizes are those of ggml's `ggml_type`. The name of a type is the name that
/// ggml's tools print.
public enum GgmlType implements StoredType {
    F32(0, 1, 4),
    F16(1, 1, 2),
    Q4_0(2, 32, 18),
    Q4_1(3, 32, 20),
    Q5_0(6, 32, 22),
    Q5_1(7, 32, 24),
    Q8_0(8, 32, 34),
    /// A type of activations, which is listed but has no decoder, not even in ggml.
    Q8_1(9, 32, 36),
    Q2_K(10, 256, 84),
    Q3_K(11, 256, 110),
    Q4_K(12, 256, 144),
    Q5_K(13, 256, 176),
    Q6_K(14, 256, 210),
    Q8_K(15, 256, 292),
    IQ2_XXS(16, 256, 66),
    IQ2_XS(17, 256, 74),
    IQ3_XXS(18, 256, 98),
    IQ1_S(19, 256, 50),
    IQ4_NL(20, 32, 18),
    IQ3_S(21, 256, 110),
    IQ2_S(22, 256, 82),
    IQ4_XS(23, 256, 136),
    I8(24, 1, 1),
    I16(25, 1, 2),
    I32(26, 1, 4),
    I64(27, 1, 8),
    F64(28, 1, 8),
    IQ1_M(29, 256, 56),
    BF16(30, 1, 2),
    TQ1_0(34, 256, 54),
    TQ2_0(35, 256, 66),
    MXFP4(39, 32, 17),
    NVFP4(40, 64, 36),
    Q1_0(41, 128, 18),
    Q2_0(42, 64, 18);

    /// One more than the largest id that ggml knows.
    private static final int ID_COUNT = 43;

    private static final GgmlType[] BY_ID = new GgmlType[ID_COUNT];

    static {
        for (GgmlType type : values()) {
            BY_ID[type.id] = type;
        }
    }

    private final int id;
    private final int blockLength;
    private final int blockBytes;

    GgmlType(int id, int blockLength, int blockBytes) {
        this.id = id;
        this.blockLength = blockLength;
        this.blockBytes = blockBytes;
    }

    /// {@return the type with this id, or empty if ggml has none, or no longer has one}
    public static Optional<GgmlType> ofId(int id) {
        return id < 0 || id >= ID_COUNT ? Optional.empty() : Optional.ofNullable(BY_ID[id]);
    }

    /// {@return ggml's number for this type}
    public int id() {
        return id;
    }

    /// {@return the number of elements in a block, 1 for a type that is not quantised}
    @Override
    public int blockLength() {
        return blockLength;
    }

    /// {@return the size of a block in bytes}
    @Override
    public int blockBytes() {
        return blockBytes;
    }

    /// {@return whether elements of this type are stored and decoded as they are: F32, F64 and the integers}
    public boolean isPlain() {
        return switch (this) {
            case F32, F64, I8, I16, I32, I64 -> true;
            default -> false;
        };
    }

    /// {@return the size of one decoded element in bytes: its own for a plain type, that of a float for all others}
    public int denseElementBytes() {
        return isPlain() ? blockBytes : Float.BYTES;
    }

    /// {@return the size of one decoded block in bytes}
    public int denseBlockBytes() {
        return blockLength * denseElementBytes();
    }
}
