package dev.ffmstore;

import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.gguf.Shape;

/// What a model holds of one tensor: how it is stored, and where. Two tensors of one place are tied: they have the
/// same bytes under two names. Immutable.
///
/// @param name its name, unique in the model
/// @param type how its elements are stored; what is not quantised has the name of its element type here, such as
/// `F32`
/// @param shape row-major, outermost first
/// @param part which of the model's parts holds it, 0 or more
/// @param offset where its first byte is in that part, in bytes
/// @param byteSize how many bytes it takes there
/// @param origin how it was stored where it came from, such as `Q4_K`: the name of its type, unless it has been
/// decoded since, or is [#UNTYPED]
public record StoredTensor(
        String name, GgmlType type, Shape shape, int part, long offset, long byteSize, String origin) {
    /// The origin of a tensor of which nobody knows type and shape: it is a row of bytes, of type I8.
    public static final String UNTYPED = "bytes";

    /// A tensor that is stored as it always was.
    public StoredTensor(String name, GgmlType type, Shape shape, int part, long offset, long byteSize) {
        this(name, type, shape, part, offset, byteSize, type.name());
    }

    /// {@return whether its type and shape are known}
    public boolean isTyped() {
        return !origin.equals(UNTYPED);
    }

    /// {@return the number of blocks}
    public long blockCount() {
        return byteSize / type.blockBytes();
    }

    /// {@return whether both are the same bytes of the same type and shape, which are not none}
    boolean isTiedTo(StoredTensor other) {
        return byteSize > 0
                && part == other.part
                && offset == other.offset
                && byteSize == other.byteSize
                && type == other.type
                && shape.equals(other.shape);
    }
}
