package dev.ffmstore.formats;

import dev.ffmstore.DType;
import dev.ffmstore.ModelException;
import dev.ffmstore.StoredTensor;
import dev.ffmstore.gguf.Shape;
import java.util.List;

/// Makes stored tensors from what a file says about tensors that are not quantised.
final class PlainTensors {
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
            long byteSize = Math.multiplyExact(shape.elementCount(), dtype.byteSize());
            return new StoredTensor(name, dtype.stored(), shape, part, offset, byteSize);
        } catch (ArithmeticException | IllegalArgumentException e) {
            throw ModelException.expected(
                    file, "at most 2^63 - 1 bytes", dimensions, "tensor {}: its shape is not one", name);
        }
    }

    /// {@return the dtype that has a name}
    ///
    /// @param file the name of the file
    /// @param tensor the tensor's name
    /// @param name the name of the type
    /// @throws ModelException if it is not the name of a dtype
    static DType dtype(String file, String tensor, String name) throws ModelException {
        for (DType dtype : DType.values()) {
            if (dtype.name().equals(name)) {
                return dtype;
            }
        }
        throw ModelException.expected(
                file, "F32, F16, BF16, F64, I8, I16, I32 or I64", name, "tensor {}: its dtype is not read", tensor);
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
