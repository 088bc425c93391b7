package dev.ffmstore.internal.measure;

import dev.ffmstore.DType;
import dev.ffmstore.export.Constant;
import dev.ffmstore.export.ConstantReader;
import dev.ffmstore.export.ConstantSource;
import dev.ffmstore.gguf.Shape;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/// Constants in arrays. Counts the readers that are open.
final class MemoryConstants implements ConstantSource {
    private final List<Constant> constants = new ArrayList<>();
    private final Map<String, byte[]> bytes = new HashMap<>();
    final AtomicInteger openReaders = new AtomicInteger();

    /// Adds a constant of some elements, each converted to the type by a cast.
    Constant add(String name, DType dtype, double... values) {
        ByteBuffer buffer =
                ByteBuffer.allocate(values.length * dtype.byteSize()).order(ByteOrder.LITTLE_ENDIAN);
        for (double value : values) {
            switch (dtype) {
                case F32 -> buffer.putFloat((float) value);
                case F16 -> buffer.putShort(Float.floatToFloat16((float) value));
                case BF16 -> buffer.putShort((short) (Float.floatToRawIntBits((float) value) >>> 16));
                case F64 -> buffer.putDouble(value);
                case I8 -> buffer.put((byte) value);
                case I16 -> buffer.putShort((short) value);
                case I32 -> buffer.putInt((int) value);
                case I64 -> buffer.putLong((long) value);
            }
        }
        return addBytes(name, dtype, buffer.array());
    }

    Constant addLongs(String name, long... values) {
        ByteBuffer buffer = ByteBuffer.allocate(values.length * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (long value : values) {
            buffer.putLong(value);
        }
        return addBytes(name, DType.I64, buffer.array());
    }

    Constant addFloatBits(String name, int... bits) {
        ByteBuffer buffer = ByteBuffer.allocate(bits.length * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int value : bits) {
            buffer.putInt(value);
        }
        return addBytes(name, DType.F32, buffer.array());
    }

    private Constant addBytes(String name, DType dtype, byte[] values) {
        Constant constant = new Constant(
                name,
                dtype,
                Shape.of(values.length / dtype.byteSize()),
                values.length,
                dtype.name(),
                Optional.empty(),
                Optional.empty());
        constants.add(constant);
        bytes.put(name, values);
        return constant;
    }

    @Override
    public String name() {
        return "memory";
    }

    @Override
    public String convention() {
        return "test";
    }

    @Override
    public List<Constant> constants() {
        return constants;
    }

    @Override
    public ConstantReader openReader() {
        openReaders.incrementAndGet();
        return new ConstantReader() {
            @Override
            public void read(Constant constant, long offset, MemorySegment target) {
                MemorySegment its = MemorySegment.ofArray(bytes.get(constant.name()));
                MemorySegment.copy(its, offset, target, 0, target.byteSize());
            }

            @Override
            public void close() {
                openReaders.decrementAndGet();
            }
        };
    }

    @Override
    public void checkUnchanged() {
        // arrays stay what they are
    }
}
