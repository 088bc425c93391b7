package dev.ffmstore.internal.names;

import dev.ffmstore.gguf.Metadata;
import dev.ffmstore.gguf.Shape;
import java.util.List;
import java.util.Optional;
import java.util.Set;

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

    /// What the convention says about a tensor.
    ///
    /// @param names the tensor's names, one or more: the first is the name, the others are aliases
    /// @param headRows the number of rows of a head, if they are stored as rotary pairs and become halves; 0 if
    /// rows stay where they are
    /// @param storedOffset the number that the model has added to every element, to be subtracted again
    record Entry(List<String> names, long headRows, float storedOffset) {
        static Entry renamed(String... names) {
            return new Entry(List.of(names), 0, 0);
        }
    }

    /// Translates tensors of one model.
    @FunctionalInterface
    interface Translation {
        /// Tensors keep their names.
        Translation AS_STORED = (name, _) -> Optional.of(Entry.renamed(name));

        /// {@return the tensor in the convention; empty if it has no place there}
        ///
        /// @param name the tensor's name in the model
        /// @param shape the tensor's shape
        /// @throws UnknownNameException if the convention does not know the tensor
        Optional<Entry> of(String name, Shape shape) throws UnknownNameException;
    }

    /// {@return the translation of a model's tensors}
    ///
    /// @throws UnknownNameException if the convention does not know such a model, or a metadata key is missing
    Translation forModel(Model model) throws UnknownNameException;
}
