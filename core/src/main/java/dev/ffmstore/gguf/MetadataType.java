package dev.ffmstore.gguf;

/// The type of a metadata value, or of the elements of an array, with GGUF's ids in ascending order.
public enum MetadataType {
    UINT8(1),
    INT8(1),
    UINT16(2),
    INT16(2),
    UINT32(4),
    INT32(4),
    FLOAT32(4),
    BOOL(1),
    STRING(8),
    ARRAY(12),
    UINT64(8),
    INT64(8),
    FLOAT64(8);

    private static final MetadataType[] BY_ID = values();

    private final int smallestBytes;

    MetadataType(int smallestBytes) {
        this.smallestBytes = smallestBytes;
    }

    /// The number of types, one more than the largest id.
    static final int COUNT = BY_ID.length;

    static MetadataType ofId(int id) {
        return BY_ID[id];
    }

    /// {@return GGUF's number for this type}
    @SuppressWarnings("EnumOrdinal") // the types are in the order of GGUF's numbers
    public int id() {
        return ordinal();
    }

    /// The size of a value of this type in the file, in bytes; for a string or an array, the smallest possible.
    int smallestBytes() {
        return smallestBytes;
    }

    /// {@return whether values are integers}
    public boolean isInteger() {
        return switch (this) {
            case UINT8, INT8, UINT16, INT16, UINT32, INT32, UINT64, INT64 -> true;
            default -> false;
        };
    }

    /// {@return whether values are floating-point numbers}
    public boolean isFloat() {
        return this == FLOAT32 || this == FLOAT64;
    }
}
