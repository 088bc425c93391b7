package dev.ffmstore.ggml;

/// How the elements of a tensor are stored: in blocks of a fixed number of elements and bytes.
///
/// | implementation | what it stands for |
/// |---|---|
/// | [GgmlType] | a type of ggml's, also of elements in other formats that ggml has a type for |
/// | `DType` of the library | elements that ggml has no type for, such as U8 or F8_E4M3 |
/// | `ForeignType` of the GGUF reader | a type that this library cannot read |
///
/// Implementations are immutable, and equal if they are the same type.
public interface StoredType {
    /// {@return the name of the type}
    String name();

    /// {@return the number of elements in a block, 1 or more}
    int blockLength();

    /// {@return the size of a block in bytes; 0 if it is not known}
    int blockBytes();
}
