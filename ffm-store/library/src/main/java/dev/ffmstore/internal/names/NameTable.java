package dev.ffmstore.internal.names;

import dev.ffmstore.RowOrder;
import dev.ffmstore.gguf.GgufException;
import dev.ffmstore.gguf.Metadata;
import dev.ffmstore.gguf.TensorInfo;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Translates the tensors of a model into a convention. Immutable.
@FunctionalInterface
public interface NameTable {
    /// The convention of the model itself.
    NameTable AS_STORED = model -> tensor -> Optional.of(Entry.renamed(tensor.name()));

    /// What the translation of a tensor may depend on.
    ///
    /// @param file the name of the model's file, for messages
    /// @param metadata the model's metadata
    /// @param names the names of all its tensors
    record Model(String file, Metadata metadata, Set<String> names) {}

    /// A tensor in the convention.
    ///
    /// @param names its names, one or more: the first is the name, the others are aliases
    /// @param rowOrder where its rows come from
    /// @param storedOffset what the model has added to every element, to be taken off again
    record Entry(List<String> names, RowOrder rowOrder, float storedOffset) {
        static Entry renamed(String... names) {
            return new Entry(List.of(names), RowOrder.AS_STORED, 0);
        }
    }

    /// Translates tensors of one model.
    interface Translation {
        /// {@return the tensor in the convention; empty if it has no place there}
        ///
        /// @throws GgufException if the convention does not know it
        Optional<Entry> of(TensorInfo tensor) throws GgufException;
    }

    /// {@return the translation of a model's tensors}
    ///
    /// @throws GgufException if the convention does not know such a model, or a metadata key is missing
    Translation forModel(Model model) throws GgufException;
}
