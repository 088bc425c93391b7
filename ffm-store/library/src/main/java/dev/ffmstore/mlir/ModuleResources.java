package dev.ffmstore.mlir;

import dev.ffmstore.TensorSlot;
import dev.ffmstore.TensorSource;
import dev.ffmstore.export.FileLayout;
import dev.ffmstore.gguf.Source;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/// What an MLIR module says about its resources, and the module with data for those that have none.
abstract sealed class ModuleResources permits TextModule, BytecodeModule {
    /// The largest size of the names and types of resources, which are all that is held on the heap of a module; no
    /// real module has as many.
    private static final long MAX_HELD_BYTES = 8 << 20;

    private static final int BYTES_BESIDE_NAME = 128;

    final Source source;
    private final Map<String, Map<Optional<TensorType>, Long>> uses = new LinkedHashMap<>();
    private final Map<String, OptionalLong> present = new LinkedHashMap<>();
    private long held;

    ModuleResources(Source source) {
        this.source = source;
    }

    /// Reads a module of text or bytecode, which its first four bytes tell apart.
    ///
    /// @param source the module; the caller closes it
    /// @throws ModuleException if the module is malformed
    /// @throws IOException if the source cannot be read
    static ModuleResources of(Source source) throws IOException {
        byte[] start = new byte[(int) Math.min(BytecodeModule.MAGIC.length, source.size())];
        source.read(0, MemorySegment.ofArray(start));
        return Arrays.equals(start, BytecodeModule.MAGIC) ? BytecodeModule.read(source) : TextModule.read(source);
    }

    /// {@return the uses of resources, each key with each type once, in the order of the first use of each key}
    final List<DeclaredResource> uses() {
        List<DeclaredResource> all = new ArrayList<>();
        uses.forEach((key, types) -> types.forEach((type, offset) -> all.add(new DeclaredResource(key, type, offset))));
        return all;
    }

    /// {@return whether a resource has data}
    final boolean hasData(String key) {
        return present.containsKey(key);
    }

    /// {@return the number of resources that have data}
    final int dataCount() {
        return present.size();
    }

    /// {@return the size in bytes of the data that a resource has, if it is known}
    final OptionalLong dataSize(String key) {
        return present.getOrDefault(key, OptionalLong.empty());
    }

    /// {@return the layout of the module with data, and nothing else changed}
    ///
    /// @param tensors the source of the tensors
    /// @param data a tensor of the declared type for each resource without data; text lists them in this order
    /// @throws IOException if the module cannot be read
    abstract FileLayout with(TensorSource tensors, Map<String, TensorSlot> data) throws IOException;

    final void addUse(String key, Optional<TensorType> type, long offset) throws ModuleException {
        Map<Optional<TensorType>, Long> types = uses.computeIfAbsent(key, _ -> new LinkedHashMap<>());
        if (types.putIfAbsent(type, offset) == null) {
            hold(key, offset);
        }
    }

    final boolean isUsed(String key) {
        return uses.containsKey(key);
    }

    /// {@return whether this is the first data for that name}
    final boolean addData(String key, OptionalLong size, long offset) throws ModuleException {
        hold(key, offset);
        return present.putIfAbsent(key, size) == null;
    }

    final void hold(String name, long offset) throws ModuleException {
        held += name.length() + BYTES_BESIDE_NAME;
        if (held > MAX_HELD_BYTES) {
            throw ModuleException.at(source.name(), offset, null, null, "too many names of resources");
        }
    }
}
