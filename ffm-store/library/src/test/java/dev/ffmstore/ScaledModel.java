package dev.ffmstore;

import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.gguf.Shape;
import dev.ffmstore.gguf.TensorInfo;
import dev.ffmstore.internal.gguf.GgufWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.Map;

/// Models with companion scales of known values, and what their weights are to be once multiplied.
public final class ScaledModel {
    private final GgufWriter header = new GgufWriter(3);
    private final Map<String, float[]> floats = new LinkedHashMap<>();

    public ScaledModel weight(String name, GgmlType type, long... shape) {
        header.tensor(name, type, Shape.of(shape));
        return this;
    }

    /// A tensor of floats that the type holds exactly.
    public ScaledModel floats(String name, GgmlType type, Shape shape, float... values) {
        header.tensor(name, type, shape);
        floats.put(name, values);
        return this;
    }

    public TestModel build() {
        TestModel model = TestModel.fill(header);
        ByteBuffer bytes = ByteBuffer.wrap(model.bytes()).order(ByteOrder.LITTLE_ENDIAN);
        for (TensorInfo tensor : header.tensors()) {
            if (floats.containsKey(tensor.name())) {
                bytes.position((int) tensor.offset());
                for (float value : floats.get(tensor.name())) {
                    put(bytes, tensor.ggmlType(), value);
                }
            }
        }
        return model;
    }

    private static void put(ByteBuffer bytes, GgmlType type, float value) {
        switch (type) {
            case F32 -> bytes.putFloat(value);
            case F16 -> bytes.putShort(Float.floatToFloat16(value));
            case BF16 -> bytes.putShort((short) (Float.floatToRawIntBits(value) >>> 16));
            default -> throw new IllegalArgumentException(type + " is no float type");
        }
    }

    /// Dense bytes with every element multiplied by the factor of its slice.
    static byte[] multiplied(byte[] dense, float... factors) {
        ByteBuffer product = ByteBuffer.wrap(dense.clone()).order(ByteOrder.LITTLE_ENDIAN);
        int sliceBytes = dense.length / factors.length;
        for (int at = 0; at < dense.length; at += Float.BYTES) {
            product.putFloat(at, product.getFloat(at) * factors[at / sliceBytes]);
        }
        return product.array();
    }
}
