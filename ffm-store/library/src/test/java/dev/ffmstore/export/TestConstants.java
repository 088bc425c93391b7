package dev.ffmstore.export;

import dev.ffmstore.DType;
import dev.ffmstore.gguf.Shape;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;

/// A source of constants whose bytes are in arrays.
public class TestConstants implements ConstantSource {
    private final List<Constant> constants = new ArrayList<>();
    private final Map<String, byte[]> bytes = new HashMap<>();
    private final AtomicInteger openReaders = new AtomicInteger();
    private volatile Hook beforeRead = constant -> {};
    private volatile boolean changed;

    /// What happens before a read.
    @FunctionalInterface
    public interface Hook {
        void run(Constant constant) throws IOException;
    }

    /// Has something happen before each read.
    public TestConstants beforeRead(Hook hook) {
        beforeRead = hook;
        return this;
    }

    /// Lets the model be another one from now on.
    public void change() {
        changed = true;
    }

    /// Adds a constant of random bytes.
    public TestConstants add(String name, DType dtype, long... shape) {
        byte[] random = new byte[Math.toIntExact(Shape.of(shape).elementCount() * dtype.byteSize())];
        new Random(name.hashCode()).nextBytes(random);
        return add(name, dtype, random, shape);
    }

    /// Adds a constant.
    public TestConstants add(String name, DType dtype, byte[] dense, long... shape) {
        return add(name, dtype, dense, Optional.empty(), shape);
    }

    /// Adds a constant with the bytes of another.
    public TestConstants alias(String name, String other) {
        Constant same = constant(other);
        return add(
                name,
                same.dtype(),
                bytes(other),
                Optional.of(other),
                same.shape().toArray());
    }

    private TestConstants add(String name, DType dtype, byte[] dense, Optional<String> alias, long... shape) {
        constants.add(new Constant(name, dtype, Shape.of(shape), dense.length, "Q4_K", alias, Optional.empty()));
        bytes.put(name, dense);
        return this;
    }

    public Constant constant(String name) {
        return constants.stream()
                .filter(constant -> constant.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    public byte[] bytes(String name) {
        return Objects.requireNonNull(bytes.get(name)).clone();
    }

    /// {@return how many readers have not been closed}
    public int openReaders() {
        return openReaders.get();
    }

    @Override
    public String name() {
        return "folder/test.gguf";
    }

    @Override
    public String convention() {
        return "gguf";
    }

    @Override
    public List<Constant> constants() {
        return List.copyOf(constants);
    }

    @Override
    public ConstantReader openReader() {
        openReaders.incrementAndGet();
        return new ConstantReader() {
            @Override
            public void read(Constant constant, long offset, MemorySegment target) throws IOException {
                beforeRead.run(constant);
                byte[] dense = Objects.requireNonNull(bytes.get(constant.name()));
                MemorySegment.copy(
                        dense,
                        Math.toIntExact(offset),
                        target,
                        ValueLayout.JAVA_BYTE,
                        0,
                        Math.toIntExact(target.byteSize()));
            }

            @Override
            public void close() {
                openReaders.decrementAndGet();
            }
        };
    }

    @Override
    public void checkUnchanged() throws IOException {
        if (changed) {
            throw new IOException(name() + ": has changed while it was being read");
        }
    }

    /// {@return a whole file, rendered in one piece}
    public byte[] render(FileLayout layout) {
        try (var arena = Arena.ofConfined();
                Renderer renderer = new Renderer(this)) {
            MemorySegment file = arena.allocate(layout.size());
            renderer.render(layout, 0, file);
            return file.toArray(ValueLayout.JAVA_BYTE);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
