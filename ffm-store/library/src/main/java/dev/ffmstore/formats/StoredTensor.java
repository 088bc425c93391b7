package dev.ffmstore.formats;

import dev.ffmstore.DType;
import dev.ffmstore.export.Constant;
import dev.ffmstore.gguf.Shape;
import java.util.Arrays;
import java.util.Optional;

/// Makes constants of what a file says of a tensor that it stores as it is.
final class StoredTensor {
    private StoredTensor() {}

    /// {@return the constant}
    ///
    /// @param file the name of the file
    /// @param name the tensor's name
    /// @param dtype the type of its elements
    /// @param dimensions row-major, outermost first
    /// @throws WeightsException if the tensor is larger than a signed 64-bit size
    static Constant constant(String file, String name, DType dtype, long... dimensions) throws WeightsException {
        try {
            Shape shape = Shape.of(dimensions);
            long byteSize = Math.multiplyExact(shape.elementCount(), dtype.byteSize());
            return new Constant(name, dtype, shape, byteSize, dtype.name(), Optional.empty(), Optional.empty());
        } catch (ArithmeticException | IllegalArgumentException e) {
            throw WeightsException.of(
                    file,
                    "tensor " + WeightsException.shown(name) + ": its shape is not one",
                    "at most 2^63 - 1 bytes",
                    Arrays.toString(dimensions));
        }
    }

    /// {@return the constant, as one that shares its bytes with an earlier one, if there is one}
    static Constant alias(Constant constant, Optional<String> earlier) {
        return new Constant(
                constant.name(),
                constant.dtype(),
                constant.shape(),
                constant.byteSize(),
                constant.storedType(),
                earlier,
                constant.segment());
    }

    /// {@return the dtype of a name}
    ///
    /// @param file the name of the file
    /// @param tensor the tensor's name
    /// @param name that of the type
    /// @throws WeightsException if it is none of ours
    static DType dtype(String file, String tensor, String name) throws WeightsException {
        for (DType dtype : DType.values()) {
            if (dtype.name().equals(name)) {
                return dtype;
            }
        }
        throw WeightsException.of(
                file,
                "tensor " + WeightsException.shown(tensor) + ": its dtype is not read",
                "F32, F16, BF16, F64, I8, I16, I32 or I64",
                name);
    }
}
