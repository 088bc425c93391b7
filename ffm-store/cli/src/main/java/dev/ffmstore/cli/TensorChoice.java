package dev.ffmstore.cli;

import dev.ffmstore.Model;
import dev.ffmstore.NameFilter;
import dev.ffmstore.StoredTensor;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Predicate;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/// The options that choose tensors.
final class TensorChoice {
    @Spec(Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--include",
            paramLabel = "GLOB",
            description = "take only tensors whose names match; may be repeated. * stands for any characters, dots"
                    + " and slashes among them, ? for one, [abc] for one of a set, {a,b} for one of several")
    private List<String> includes = new ArrayList<>();

    @Option(
            names = "--exclude",
            paramLabel = "GLOB",
            description = "leave out tensors whose names match, whatever --include says; may be repeated")
    private List<String> excludes = new ArrayList<>();

    /// {@return the filter that the options describe}
    ///
    /// @throws ParameterException if a pattern is malformed, or matches no tensor of the file
    NameFilter filter(Model model) {
        return filter(model.tensors().stream().map(StoredTensor::name).toList());
    }

    /// {@return a filter that leaves out tensors that cannot be read and are not chosen, and nothing else}
    ///
    /// For commands whose patterns match names that are known only when all tensors are planned: one tensor that is
    /// left out must not stop them.
    NameFilter readable(Model model) {
        NameFilter wanted = new NameFilter(includes, excludes, NameFilter.Unmatched.ALLOWED);
        Predicate<String> chosen = wanted.over(List.of());
        List<String> left = model.tensors().stream()
                .filter(tensor -> tensor.unreadable().isPresent() && !chosen.test(tensor.name()))
                .map(tensor -> tensor.name().replaceAll("[\\\\*?\\[{]", "\\\\$0"))
                .toList();
        return left.isEmpty() ? NameFilter.all() : new NameFilter(List.of(), left);
    }

    /// {@return the names of the tensors that cannot be read, which patterns may match, too}
    static List<String> unreadable(Model model) {
        return model.tensors().stream()
                .filter(tensor -> tensor.unreadable().isPresent())
                .map(StoredTensor::name)
                .toList();
    }

    /// {@return the filter that the options describe}
    ///
    /// @param names the names of all tensors
    /// @throws ParameterException if a pattern is malformed, or matches no name
    NameFilter filter(Collection<String> names) {
        if (includes.isEmpty() && excludes.isEmpty()) {
            return NameFilter.all();
        }
        try {
            NameFilter filter = new NameFilter(includes, excludes);
            filter.over(names);
            return filter;
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
    }
}
