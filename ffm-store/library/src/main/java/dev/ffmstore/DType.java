package dev.ffmstore;

import dev.ffmstore.ggml.GgmlType;
import java.util.Arrays;
import java.util.Optional;

/// The type of a dense element, little-endian in memory and in files.
public enum DType {
    F32(4),
    F16(2),
    BF16(2),
    F64(8),
    I8(1),
    I16(2),
    I32(4),
    I64(8);

    private final int byteSize;

    DType(int byteSize) {
        this.byteSize = byteSize;
    }

    /// {@return the size of an element in bytes}
    public int byteSize() {
        return byteSize;
    }

    /// {@return whether stored elements of a ggml type are elements of this type, bit for bit}
    public boolean isStoredAs(GgmlType type) {
        return type.blockLength() == 1 && name().equals(type.name());
    }

    /// {@return the type whose elements a ggml type stores as they are; empty for quantised types}
    static Optional<DType> storedAs(GgmlType type) {
        return Arrays.stream(values()).filter(dtype -> dtype.isStoredAs(type)).findFirst();
    }

    /// {@return the type that elements of a ggml type become by default: F64 and the integers stay what they are,
    /// all else becomes F32}
    public static DType denseOf(GgmlType type) {
        return switch (type) {
            case F64 -> F64;
            case I8 -> I8;
            case I16 -> I16;
            case I32 -> I32;
            case I64 -> I64;
            default -> F32;
        };
    }
}
