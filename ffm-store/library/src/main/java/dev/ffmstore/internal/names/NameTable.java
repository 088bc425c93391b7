package dev.ffmstore.internal.names;

import dev.ffmstore.gguf.Metadata;
import dev.ffmstore.gguf.Shape;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/// Translates the tensors of a model into a convention. Immutable.
@FunctionalInterface
public interface NameTable {
    /// The convention of the model itself.
    NameTable AS_STORED = _ -> Translation.AS_STORED;

    /// What the translation of a tensor may depend on: facts about its model.
    ///
    /// @param metadata the model's metadata
    /// @param names the names of all tensors of the model
    record Model(Metadata metadata, Set<String> names) {}

    /// What becomes of a stored tensor.
    ///
    /// @param outputs the tensors that it is the first source of; none if it has no place in the convention, or if
    /// it is a later source
    /// @param first the tensor that is the first source of an output that this tensor is a later source of
    record Entry(List<Output> outputs, Optional<String> first) {
        static final Entry NOTHING = new Entry(List.of(), Optional.empty());

        static Entry of(List<Output> outputs) {
            return new Entry(outputs, Optional.empty());
        }
    }

    /// Translates tensors of one model.
    @FunctionalInterface
    interface Translation {
        /// Tensors keep their names.
        Translation AS_STORED = (name, _) -> Entry.of(List.of(Output.renamed(name, List.of(name))));

        /// {@return what becomes of a tensor in the convention}
        ///
        /// @param name the tensor's name in the model
        /// @param shape the tensor's shape
        /// @throws UnknownNameException if the convention does not know the tensor, or the tensor is not as the
        /// model's metadata promise
        Entry of(String name, Shape shape) throws UnknownNameException;

        /// {@return a sentence about what is not as the model's metadata promise: tensors that are missing, as many
        /// as it takes to see what is wrong; empty if nothing is, as far as the convention knows}
        ///
        /// @param chosen which tensors are wanted; others may be missing
        default Optional<String> missing(Predicate<String> chosen) throws UnknownNameException {
            return Optional.empty();
        }

        /// {@return a sentence about how a tensor is not as the model's metadata promise; empty if it is, or if the
        /// convention does not know it}
        ///
        /// @param name the tensor's name in the model
        /// @param shape the tensor's shape
        default Optional<String> disagreement(String name, Shape shape) throws UnknownNameException {
            return Optional.empty();
        }
    }

    /// {@return the translation of a model's tensors}
    ///
    /// @throws UnknownNameException if the convention does not know such a model, or a metadata key is missing
    Translation forModel(Model model) throws UnknownNameException;
}
