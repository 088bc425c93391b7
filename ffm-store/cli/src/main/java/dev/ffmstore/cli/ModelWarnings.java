package dev.ffmstore.cli;

import dev.ffmstore.CompanionScale;
import dev.ffmstore.Completeness;
import dev.ffmstore.Model;
import dev.ffmstore.NameFilter;
import dev.ffmstore.StoredTensor;
import dev.ffmstore.UnknownType;
import dev.ffmstore.ggml.StoredType;
import dev.ffmstore.gguf.ForeignType;
import dev.ffmstore.internal.text.Printable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What `inspect` and `plan` warn of.
final class ModelWarnings {
    private ModelWarnings() {}

    /// {@return the reader's warnings, and those about types that cannot be decoded, about companion scales and about
    /// what the metadata promise and the model lacks, all safe to print}
    ///
    /// @param filter what is left out on purpose, and so is not missed
    static List<String> of(Model model, NameFilter filter) {
        List<String> warnings = new ArrayList<>(model.warnings());
        for (int i = 0; i < model.gguf().size(); i++) {
            String of = model.gguf().size() == 1 ? "" : "part " + (i + 1) + ": ";
            model.gguf().get(i).warnings().forEach(warning -> warnings.add(of + warning));
        }
        Map<StoredType, List<StoredTensor>> undecodable = new LinkedHashMap<>();
        for (StoredTensor tensor : model.tensors()) {
            if (!(tensor.type() instanceof ForeignType) && tensor.unreadable().isPresent()) {
                undecodable
                        .computeIfAbsent(tensor.type(), type -> new ArrayList<>())
                        .add(tensor);
            }
        }
        undecodable.forEach((type, tensors) -> warnings.add("type " + type
                + (type instanceof UnknownType ? " is not known: " : " has no decoder: ")
                + Printable.escape(tensors.getFirst().name())
                + (tensors.size() == 1 ? "" : " and " + (tensors.size() - 1) + " more of this type")
                + " cannot be loaded"));
        warnings.addAll(ofScales(model.companions()));
        warnings.addAll(Completeness.problems(model, filter));
        return warnings;
    }

    private static List<String> ofScales(List<CompanionScale> companions) {
        List<String> warnings = new ArrayList<>();
        if (!companions.isEmpty()) {
            CompanionScale first = companions.getFirst();
            warnings.add("companion scales are beside "
                    + Printable.escape(first.weight().name())
                    + (companions.size() == 1 ? "" : " and " + (companions.size() - 1) + " more")
                    + ": they are applied with --apply-scales only");
        }
        companions.forEach(companion -> companion.problem().ifPresent(warnings::add));
        return warnings;
    }
}
