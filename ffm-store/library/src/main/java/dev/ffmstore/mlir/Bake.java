package dev.ffmstore.mlir;

import dev.ffmstore.export.Constant;
import dev.ffmstore.export.ConstantSource;
import dev.ffmstore.export.FileLayout;
import dev.ffmstore.gguf.Source;
import dev.ffmstore.internal.text.Printable;
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
/// A constant of such a module is `dense_resource<NAME>`, without data, where `NAME` is the name of a tensor:
///
/// ```java
/// try (Source module = Source.of(path)) {
///     Bake bake = Bake.of(module, constants, DeclaredTypes.none());
///     bake.layout();    // the module with its weights: text of text, bytecode of bytecode
/// }
/// ```
///
/// All of the module that is not about resources is copied byte by byte; resources that have data keep it. Every
/// resource without data must be a tensor of the very type that the module declares. Data is never read here.
///
/// @param layout the module with its weights; refers to the module's source, which must stay open while it is used
/// @param filled the constants that were put in, in the order of their first use
/// @param kept how many resources had data and keep it
public record Bake(FileLayout layout, List<Constant> filled, int kept) {
    public Bake {
        filled = List.copyOf(filled);
    }

    /// Finds the tensors that a module asks for, and lays the whole out.
    ///
    /// @param module text, or MLIR bytecode up to version 6; of any size; stays the caller's
    /// @param constants the tensors
    /// @param types types of resources that the module does not tell; those that it tells must be the same
    /// @return the module with its weights
    /// @throws ModuleException if the module is malformed, has no resource without data, asks for a tensor that is
    /// not there or has another type, or does not tell a type that is not declared either
    /// @throws IOException if the module cannot be read
    public static Bake of(Source module, ConstantSource constants, DeclaredTypes types) throws IOException {
        Source.Identity before = module.identity();
        Bake bake = new Filling(module, constants, types).bake();
        if (!module.identity().equals(before)) {
            throw ModuleException.of(module.name(), "has changed while it was being read");
        }
        return bake;
    }

    /// The work of one call.
    private static final class Filling {
        private final Source module;
        private final ConstantSource constants;
        private final DeclaredTypes declared;
        private final ModuleResources resources;
        private final Map<String, Constant> byName = new HashMap<>();

        Filling(Source module, ConstantSource constants, DeclaredTypes declared) throws IOException {
            this.module = module;
            this.constants = constants;
            this.declared = declared;
            this.resources = ModuleResources.of(module);
            constants.constants().forEach(constant -> byName.put(constant.name(), constant));
        }

        Bake bake() throws IOException {
            Map<String, Constant> data = new LinkedHashMap<>();
            Set<String> used = new HashSet<>();
            for (DeclaredResource use : resources.uses()) {
                used.add(use.key());
                if (resources.hasData(use.key())) {
                    checkKept(use);
                } else {
                    data.put(use.key(), constant(use));
                }
            }
            for (Map.Entry<String, TypesFile.Line> line : declared.lines().entrySet()) {
                if (!used.contains(line.getKey())) {
                    throw ModuleException.at(
                            declared.file(),
                            "name is no resource of " + Printable.escape(module.name()),
                            line.getValue().offset(),
                            null,
                            quote(line.getKey()));
                }
            }
            if (data.isEmpty()) {
                throw ModuleException.of(module.name(), "has no dense_resource without data");
            }
            return new Bake(resources.with(data), new ArrayList<>(data.values()), resources.dataCount());
        }

        private Constant constant(DeclaredResource use) throws ModuleException {
            Constant constant = byName.get(use.key());
            if (constant == null) {
                throw ModuleException.at(
                        module.name(),
                        "resource " + quote(use.key()) + " has no data, and is no tensor of "
                                + Printable.escape(constants.name()) + " in the names of "
                                + Printable.escape(constants.convention()),
                        use.offset(),
                        use.type().map(Filling::print).orElse(null),
                        null);
            }
            TensorType expected = type(use);
            TensorType got = TensorType.of(constant);
            if (!expected.equals(got)) {
                throw ModuleException.at(
                        module.name(),
                        "resource " + quote(use.key()) + " is another tensor in " + Printable.escape(constants.name()),
                        use.offset(),
                        print(expected),
                        print(got));
            }
            return constant;
        }

        /// What the module tells, or else the user; both if both do.
        private TensorType type(DeclaredResource use) throws ModuleException {
            Optional<TypesFile.Line> line = Optional.ofNullable(declared.lines().get(use.key()));
            if (use.type().isPresent() && line.isPresent() && !use.type().equals(line.map(TypesFile.Line::type))) {
                throw ModuleException.at(
                        declared.file(),
                        "type of " + quote(use.key()) + " is not that of " + Printable.escape(module.name()),
                        line.get().offset(),
                        print(use.type().get()),
                        print(line.get().type()));
            }
            return use.type()
                    .or(() -> line.map(TypesFile.Line::type))
                    .orElseThrow(() -> ModuleException.at(
                            module.name(),
                            "the module does not tell the type of resource " + quote(use.key())
                                    + ": declare it in a file of types",
                            use.offset(),
                            null,
                            null));
        }

        /// Tools take a blob that is shorter than its tensor without a word.
        private void checkKept(DeclaredResource use) throws ModuleException {
            OptionalLong expected = use.type().map(TensorType::byteSize).orElse(OptionalLong.empty());
            OptionalLong got = resources.dataSize(use.key());
            if (expected.isPresent() && got.isPresent() && expected.getAsLong() != got.getAsLong()) {
                throw ModuleException.at(
                        module.name(),
                        "data of resource " + quote(use.key()) + " is not of the size of its tensor, "
                                + print(use.type().orElseThrow()),
                        use.offset(),
                        expected.getAsLong() + " bytes",
                        got.getAsLong());
            }
        }

        private static String quote(String name) {
            return MlirString.quote(name);
        }

        private static String print(TensorType type) {
            return Printable.escape(type.toString(), 200);
        }
    }
}
