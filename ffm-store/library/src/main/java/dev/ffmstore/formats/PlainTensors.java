package dev.ffmstore.formats;

import dev.ffmstore.DType;
import dev.ffmstore.ModelException;
import dev.ffmstore.StoredTensor;
import dev.ffmstore.UnknownType;
import dev.ffmstore.gguf.Shape;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Makes stored tensors from what a file says about tensors that are not quantised.
final class PlainTensors {
    private static final Map<String, DType> BY_NAME = new LinkedHashMap<>();

    static {
        for (DType dtype : DType.values()) {
            BY_NAME.put(dtype.name(), dtype);
        }
    }

    private PlainTensors() {}

    /// {@return the stored tensor}
    ///
    /// @param file the name of the file
    /// @param name the tensor's name
    /// @param dtype the type of its elements
    /// @param dimensions row-major, outermost first
    /// @param part which part of the model the tensor is in
    /// @param offset where the tensor starts in that part, in bytes
    /// @throws ModelException if the tensor is larger than a signed 64-bit size
    static StoredTensor of(String file, String name, DType dtype, List<Long> dimensions, int part, long offset)
            throws ModelException {
        try {
            Shape shape =
                    Shape.of(dimensions.stream().mapToLong(Long::longValue).toArray());
            long elements = shape.elementCount();
            if (elements % dtype.blockLength() != 0) {
                throw ModelException.expected(
                        file,
                        "whole bytes: a multiple of " + dtype.blockLength(),
                        elements,
                        "tensor {}: the number of its elements of type {}",
                        name,
                        dtype);
            }
            return new StoredTensor(name, dtype.stored(), shape, part, offset, dtype.byteSize(elements));
        } catch (ArithmeticException | IllegalArgumentException e) {
            throw notAShape(file, name, dimensions);
        }
    }

    /// {@return a tensor of a type that is not known, which can be listed only}
    ///
    /// @param file the name of the file
    /// @param name the tensor's name
    /// @param type the name of the type
    /// @param dimensions row-major, outermost first
    /// @param part which part of the model the tensor is in
    /// @param offset where the tensor starts in that part, in bytes
    /// @param byteSize the size that the file says it has, in bytes
    /// @throws ModelException if the tensor has more elements than a signed 64-bit number
    static StoredTensor ofUnknownType(
            String file, String name, String type, List<Long> dimensions, int part, long offset, long byteSize)
            throws ModelException {
        try {
            Shape shape =
                    Shape.of(dimensions.stream().mapToLong(Long::longValue).toArray());
            return new StoredTensor(name, new UnknownType(type), shape, part, offset, byteSize);
        } catch (ArithmeticException | IllegalArgumentException e) {
            throw notAShape(file, name, dimensions);
        }
    }

    private static ModelException notAShape(String file, String name, List<Long> dimensions) {
        return ModelException.expected(
                file, "at most 2^63 - 1 bytes", dimensions, "tensor {}: its shape is not one", name);
    }

    /// {@return the dtype that has a name; empty if there is none}
    static Optional<DType> find(String name) {
        return Optional.ofNullable(BY_NAME.get(name));
    }

    /// {@return the dtype that has a name}
    ///
    /// @param file the name of the file
    /// @param tensor the tensor's name
    /// @param name the name of the type
    /// @throws ModelException if it is not the name of a dtype
    static DType dtype(String file, String tensor, String name) throws ModelException {
        return find(name)
                .orElseThrow(() -> ModelException.expected(
                        file, "one of " + BY_NAME.keySet(), name, "tensor {}: its dtype is not read", tensor));
    }

    /// {@return the name, which is safe as that of a file in the same folder}
    ///
    /// @param file the name of the file that states it
    /// @param name the name
    /// @throws ModelException if the name could lead elsewhere
    static String requireFileName(String file, String name) throws ModelException {
        boolean plain = !name.isEmpty()
                && !name.equals(".")
                && !name.equals("..")
                && name.chars().noneMatch(c -> c == '/' || c == '\\' || c == ':' || c < ' ');
        if (!plain) {
            throw ModelException.expected(file, "the name of one beside it", name, "names another file");
        }
        return name;
    }
}
