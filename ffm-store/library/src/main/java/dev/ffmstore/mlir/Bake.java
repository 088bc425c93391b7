package dev.ffmstore.mlir;

import dev.ffmstore.TensorSlot;
import dev.ffmstore.TensorSource;
import dev.ffmstore.export.FileLayout;
import dev.ffmstore.gguf.Source;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/// An MLIR module, as text or as bytecode, with a model's tensors put in as the data of its resources.
///
/// A constant that such a module leaves open is `dense_resource<NAME>`, without data; `NAME` is the name of a
/// tensor:
///
/// ```java
/// try (Source module = Source.of(path)) {
///     Bake bake = Bake.of(module, tensors, DeclaredTypes.none());
///     bake.layout();    // the module with its weights: text of text, bytecode of bytecode
/// }
/// ```
///
/// Everything in the module that is not about resources is copied byte for byte; resources that have data keep it.
/// For every resource without data there must be a tensor of exactly the type that the module declares; integers
/// may say whether they have a sign or not. Where a shape or a layout is another one, the names of the tensors'
/// form say what is to be done. Tensor data is never read here. Immutable.
///
/// @param layout the module with its weights; refers to the module's source, which must stay open while it is used
/// @param filled the tensors that were put in, in the order of their first use
/// @param kept how many resources had data, which they keep
public record Bake(FileLayout layout, List<TensorSlot> filled, int kept) {
    public Bake {
        filled = List.copyOf(filled);
    }

    /// Finds the tensors that a module asks for, and lays out the module with their data.
    ///
    /// @param module text, or MLIR bytecode up to version 6, of any size; the caller closes it
    /// @param tensors the source of the tensors
    /// @param types types of resources for which the module states none; where it states one, both must be the same
    /// @return the module with its weights
    /// @throws ModuleException if the module is malformed, has no resource without data, asks for a tensor that is
    /// missing or has another type, or uses a resource whose type neither it nor `types` states
    /// @throws IOException if the module cannot be read
    public static Bake of(Source module, TensorSource tensors, DeclaredTypes types) throws IOException {
        Source.Identity before = module.identity();
        Bake bake = new Filling(module, tensors, types).bake();
        if (!module.identity().equals(before)) {
            throw ModuleException.of(module.name(), "has changed while it was being read");
        }
        return bake;
    }

    /// The work of one call of [#of].
    private static final class Filling {
        private final Source module;
        private final TensorSource tensors;
        private final DeclaredTypes declared;
        private final ModuleResources resources;
        private final Map<String, TensorSlot> byName = new HashMap<>();

        Filling(Source module, TensorSource tensors, DeclaredTypes declared) throws IOException {
            this.module = module;
            this.tensors = tensors;
            this.declared = declared;
            this.resources = ModuleResources.of(module);
            tensors.tensors().forEach(tensor -> byName.put(tensor.name(), tensor));
        }

        Bake bake() throws IOException {
            Map<String, TensorSlot> data = new LinkedHashMap<>();
            Set<String> used = new HashSet<>();
            for (DeclaredResource use : resources.uses()) {
                used.add(use.key());
                if (resources.hasData(use.key())) {
                    checkKept(use);
                } else {
                    data.put(use.key(), tensor(use));
                }
            }
            for (Map.Entry<String, TypesFile.Line> line : declared.lines().entrySet()) {
                if (!used.contains(line.getKey())) {
                    throw ModuleException.at(
                            declared.file(),
                            line.getValue().offset(),
                            null,
                            ModuleException.quoted(line.getKey()),
                            "name is no resource of {}",
                            module.name());
                }
            }
            if (data.isEmpty()) {
                throw ModuleException.of(module.name(), "has no dense_resource without data");
            }
            return new Bake(resources.with(tensors, data), new ArrayList<>(data.values()), resources.dataCount());
        }

        private TensorSlot tensor(DeclaredResource use) throws ModuleException {
            TensorSlot tensor = byName.get(use.key());
            if (tensor == null) {
                throw ModuleException.at(
                        module.name(),
                        use.offset(),
                        use.type().orElse(null),
                        null,
                        "resource \"{}\" has no data, and is no tensor of {} in the names of {}",
                        use.key(),
                        tensors.name(),
                        tensors.convention());
            }
            TensorType expected = type(use);
            TensorType got = TensorType.of(tensor);
            if (!expected.takes(got)) {
                throw ModuleException.at(
                        module.name(),
                        use.offset(),
                        expected,
                        got,
                        "resource \"{}\" is another tensor in {}",
                        use.key(),
                        tensors.name());
            }
            return tensor;
        }

        /// Finds the type that the module states, or else the user. If both state one, the two must agree.
        private TensorType type(DeclaredResource use) throws ModuleException {
            Optional<TypesFile.Line> line = Optional.ofNullable(declared.lines().get(use.key()));
            if (use.type().isPresent() && line.isPresent() && !use.type().equals(line.map(TypesFile.Line::type))) {
                throw ModuleException.at(
                        declared.file(),
                        line.get().offset(),
                        use.type().get(),
                        line.get().type(),
                        "type of \"{}\" is not that of {}",
                        use.key(),
                        module.name());
            }
            return use.type()
                    .or(() -> line.map(TypesFile.Line::type))
                    .orElseThrow(() -> ModuleException.at(
                            module.name(),
                            use.offset(),
                            null,
                            null,
                            "the module does not tell the type of resource \"{}\": declare it in a file of types",
                            use.key()));
        }

        /// Makes sure that data fills its tensor exactly: other tools silently accept data that is too short.
        private void checkKept(DeclaredResource use) throws ModuleException {
            OptionalLong expected = use.type().map(TensorType::byteSize).orElse(OptionalLong.empty());
            OptionalLong got = resources.dataSize(use.key());
            if (expected.isPresent() && got.isPresent() && expected.getAsLong() != got.getAsLong()) {
                throw ModuleException.at(
                        module.name(),
                        use.offset(),
                        expected.getAsLong() + " bytes",
                        got.getAsLong(),
                        "data of resource \"{}\" is not of the size of its tensor, {}",
                        use.key(),
                        use.type().orElseThrow());
            }
        }
    }
}
