package dev.ffmstore.export;

import dev.ffmstore.DType;
import dev.ffmstore.gguf.Shape;
import dev.ffmstore.gguf.Source;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;

/// Constants in arrays, and files of them put together byte by byte, without the library's own rendering.
public final class ArrayConstants implements ConstantSource {
    private final List<Constant> constants = new ArrayList<>();
    private final Map<String, byte[]> bytes = new LinkedHashMap<>();

    /// Adds one of random bytes.
    public ArrayConstants add(String name, DType dtype, long... shape) {
        byte[] random = new byte[(int) Shape.of(shape).elementCount() * dtype.byteSize()];
        new Random(name.hashCode()).nextBytes(random);
        return add(name, dtype, Optional.empty(), random, shape);
    }

    public ArrayConstants add(String name, DType dtype, byte[] dense, long... shape) {
        return add(name, dtype, Optional.empty(), dense, shape);
    }

    /// Adds one that has the bytes of another.
    public ArrayConstants addAlias(String name, String other) {
        Constant original = constant(other);
        return add(
                name,
                original.dtype(),
                Optional.of(other),
                bytes(other),
                original.shape().toArray());
    }

    private ArrayConstants add(String name, DType dtype, Optional<String> alias, byte[] dense, long... shape) {
        constants.add(new Constant(name, dtype, Shape.of(shape), dense.length, dtype.name(), alias, Optional.empty()));
        bytes.put(name, dense);
        return this;
    }

    /// {@return what the modules among the resources ask for}
    public static ArrayConstants ofTheModules() {
        return new ArrayConstants()
                .add("blk.0.w", DType.F32, 4, 4)
                .add("not asked for", DType.F32, 9)
                .add("bias", DType.F32, 4)
                .add("blk.0.v", DType.F32, 4)
                .add("half ü \"", DType.F16, 4)
                .add("i8", DType.I8, 2, 3)
                .add("i16", DType.I16, 3)
                .add("i32", DType.I32, 1)
                .add("i64", DType.I64)
                .add("f64", DType.F64, 2)
                .add("bf16", DType.BF16, 5)
                .add("empty", DType.F32, 0, 7);
    }

    public Constant constant(String name) {
        return constants.stream()
                .filter(constant -> constant.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    public byte[] bytes(String name) {
        return Objects.requireNonNull(bytes.get(name));
    }

    /// {@return a file}
    public byte[] render(FileLayout layout) throws IOException {
        byte[] file = new byte[Math.toIntExact(layout.size())];
        for (FileLayout.Placed placed : layout.pieces()) {
            byte[] piece = switch (placed.piece()) {
                case FileLayout.Literal(byte[] literal) -> literal;
                case FileLayout.Fill(byte value, long size) -> {
                    byte[] fill = new byte[(int) size];
                    Arrays.fill(fill, value);
                    yield fill;
                }
                case FileLayout.Raw(Constant constant) -> bytes(constant.name());
                case FileLayout.Hex(Constant constant) ->
                    HexFormat.of()
                            .withUpperCase()
                            .formatHex(bytes(constant.name()))
                            .getBytes(java.nio.charset.StandardCharsets.US_ASCII);
                case FileLayout.Copy(Source source, long offset, long size) -> {
                    byte[] copy = new byte[(int) size];
                    source.read(offset, MemorySegment.ofArray(copy));
                    yield copy;
                }
            };
            System.arraycopy(piece, 0, file, (int) placed.offset(), piece.length);
        }
        return file;
    }

    @Override
    public String name() {
        return "model.gguf";
    }

    @Override
    public String convention() {
        return "gguf";
    }

    @Override
    public List<Constant> constants() {
        return constants;
    }

    @Override
    public ConstantReader openReader() {
        throw new AssertionError("a layout needs no data");
    }

    @Override
    public void checkUnchanged() {}
}
