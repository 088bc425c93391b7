package dev.ffmstore;

import dev.ffmstore.internal.names.HuggingFaceNames;
import dev.ffmstore.internal.names.NameTable;
import dev.ffmstore.internal.names.UnknownNameException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/// Tells whether a model has what its metadata promise, as far as the architecture is one of those that
/// [Names#hf()] has names for.
public final class Completeness {
    /// How many tensors that disagree with the metadata are named.
    private static final int SHOWN = 3;

    private Completeness() {}

    /// {@return what a model lacks of what its metadata promise: tensors that are missing, numbers of heads or
    /// experts that are not those of the shapes; sentences that are safe to print}
    ///
    /// A plan with names of Hugging Face is refused for such a model. A plan with others may be made: each tensor
    /// that is there can be read. Nothing is returned for models without tensors, with other names than those of
    /// GGUF, of an architecture that is not known, or whose metadata say that they are no whole model.
    ///
    /// @param model the model
    /// @param filter which tensors are wanted; others may be missing
    /// @throws IllegalArgumentException if a pattern matches no tensor
    public static List<String> problems(Model model, NameFilter filter) {
        Set<String> names =
                model.tensors().stream().map(StoredTensor::name).collect(Collectors.toCollection(LinkedHashSet::new));
        NameTable.Model facts = new NameTable.Model(model.metadata(), names);
        if (names.isEmpty()
                || !model.convention().equals(Names.gguf().convention())
                || !HuggingFaceNames.knows(facts)) {
            return List.of();
        }
        Predicate<String> chosen = filter.over(names);
        List<String> problems = new ArrayList<>();
        try {
            NameTable.Translation translation = Names.hf().table().forModel(facts);
            translation.missing(chosen).ifPresent(problems::add);
            for (StoredTensor tensor : model.tensors()) {
                if (problems.size() < SHOWN && chosen.test(tensor.name())) {
                    translation.disagreement(tensor.name(), tensor.shape()).ifPresent(problems::add);
                }
            }
        } catch (UnknownNameException e) {
            problems.add(e.sentence());
        }
        return List.copyOf(problems);
    }
}
