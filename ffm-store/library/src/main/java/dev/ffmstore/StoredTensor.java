package dev.ffmstore;

import dev.ffmstore.ggml.BlockDecoders;
import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.ggml.StoredType;
import dev.ffmstore.gguf.ForeignType;
import dev.ffmstore.gguf.Shape;
import dev.ffmstore.internal.text.Problem;
import java.util.Optional;

/// A tensor as a model holds it: how it is stored, and where. Two tensors at one place are tied: they are the same
/// bytes under two names. Immutable.
///
/// @param name the tensor's name, unique in the model
/// @param type how the elements are stored: the type of ggml's if it has one, for a tensor that is not quantised
/// too; else a [DType] such as U8, or a [ForeignType] or [UnknownType] that cannot be read
/// @param shape row-major, outermost first
/// @param part which of the model's parts holds it, 0 or more
/// @param offset where the tensor's first byte is in that part, in bytes
/// @param byteSize the stored size in bytes
/// @param origin the name of the type in which the tensor was stored originally, such as `Q4_K`: that of `type`,
/// unless the tensor has been decoded since; or [#UNTYPED]
public record StoredTensor(
        String name, StoredType type, Shape shape, int part, long offset, long byteSize, String origin) {
    /// The origin of a tensor whose type and shape are not known: it is a row of bytes, of type I8.
    public static final String UNTYPED = "bytes";

    /// Makes a tensor that is stored in its original type.
    public StoredTensor(String name, StoredType type, Shape shape, int part, long offset, long byteSize) {
        this(name, type, shape, part, offset, byteSize, type.name());
    }

    /// {@return whether the tensor's type and shape are known}
    public boolean isTyped() {
        return !origin.equals(UNTYPED);
    }

    /// {@return the number of blocks that the tensor is stored in}
    ///
    /// @throws IllegalStateException if the type cannot be read
    public long blockCount() {
        if (type.blockBytes() == 0) {
            throw new IllegalStateException(unreadable().orElseThrow());
        }
        return byteSize / type.blockBytes();
    }

    /// {@return why the elements cannot be read, a sentence that is safe to print; empty if they can}
    public Optional<String> unreadable() {
        return switch (type) {
            case ForeignType foreign -> Optional.of(foreign.problem(name));
            case UnknownType unknown ->
                Optional.of(Problem.fill("tensor {} is of dtype {}, which is not known", name, unknown.name()));
            case GgmlType ggml
            when !BlockDecoders.scalar().supports(ggml) ->
                Optional.of(Problem.fill("tensor {} is of type {}, which has no decoder", name, ggml));
            default -> Optional.empty();
        };
    }

    /// {@return whether both tensors are the same bytes, one or more, with the same type and shape}
    boolean isTiedTo(StoredTensor other) {
        return byteSize > 0
                && part == other.part
                && offset == other.offset
                && byteSize == other.byteSize
                && type.equals(other.type)
                && shape.equals(other.shape);
    }
}
