package dev.ffmstore;

import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.ggml.StoredType;
import java.util.Arrays;
import java.util.Optional;

/// The type of a dense element, little-endian in memory and in files.
public enum DType implements StoredType {
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

    /// {@return whether stored elements of a type are elements of this type, bit for bit}
    public boolean isStoredAs(StoredType type) {
        return type.blockLength() == 1 && name().equals(type.name());
    }

    /// {@return the type whose elements a type stores as they are; empty for quantised types}
    static Optional<DType> storedAs(StoredType type) {
        return Arrays.stream(values()).filter(dtype -> dtype.isStoredAs(type)).findFirst();
    }

    /// {@return the type that elements of a type become by default: F64 and the integers stay what they are, all
    /// else becomes F32}
    public static DType denseOf(StoredType type) {
        return storedAs(type).filter(dtype -> dtype != F16 && dtype != BF16).orElse(F32);
    }

    /// {@return the type of tensors that store elements of this type as they are}
    public StoredType stored() {
        return GgmlType.valueOf(name()); // plain types have the same names in both enums
    }

    /// {@return 1: elements are stored one by one}
    @Override
    public int blockLength() {
        return 1;
    }

    /// {@return the size of an element in bytes}
    @Override
    public int blockBytes() {
        return byteSize;
    }
}
