package dev.ffmstore.formats;

import dev.ffmstore.DType;
import dev.ffmstore.Model;
import dev.ffmstore.ModelException;
import dev.ffmstore.TensorForm;
import dev.ffmstore.TensorPlan;
import dev.ffmstore.TensorSlot;
import dev.ffmstore.gguf.MetadataValue;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/// The `config.json` of a model, from its metadata and the shapes of its tensors, as the [ConfigTable] of its
/// architecture says. Where metadata says nothing, the values are those that llama.cpp computes with.
final class HuggingFaceConfig {
    private HuggingFaceConfig() {}

    /// {@return the configuration as JSON text}
    ///
    /// @param model the model
    /// @param form which tensors are wanted
    /// @param plan what becomes of the tensors
    /// @throws ModelException if there is no table for the architecture, a key is missing or of another type, or
    /// rotary factors cannot be expressed
    static String of(Model model, TensorForm form, TensorPlan plan) throws IOException {
        String architecture = architecture(model);
        ConfigFacts facts = new ConfigFacts(model, architecture, form);
        Map<String, String> entries = new LinkedHashMap<>();
        for (ConfigTable.Section section : ConfigTable.of(architecture).sections()) {
            if (facts.holds(section.condition())) {
                for (ConfigTable.Entry entry : section.entries()) {
                    facts.value(entry).ifPresent(value -> entries.put(entry.key(), value));
                }
                break;
            }
        }
        entries.put("torch_dtype", JsonText.quote(torchName(plan)));
        return JsonText.object(entries);
    }

    private static String architecture(Model model) throws ModelException {
        String name = model.metadata().find("general.architecture").orElse(null) instanceof MetadataValue.Text text
                ? text.value()
                : "none";
        if (!ConfigTable.ARCHITECTURES.contains(name)) {
            throw ModelException.expected(
                    model.name(),
                    "one of " + String.join(", ", ConfigTable.ARCHITECTURES),
                    name,
                    "no config.json for the architecture {}",
                    name);
        }
        return name;
    }

    /// Names the type that most of the bytes have.
    private static String torchName(TensorPlan plan) {
        Map<DType, Long> bytes = plan.slots().stream()
                .collect(Collectors.groupingBy(TensorSlot::dtype, Collectors.summingLong(TensorSlot::byteSize)));
        DType most = bytes.entrySet().stream()
                .max(Map.Entry.comparingByValue())
                .map(Map.Entry::getKey)
                .orElse(DType.F32);
        return switch (most) {
            case F16 -> "float16";
            case BF16 -> "bfloat16";
            default -> "float32";
        };
    }
}
