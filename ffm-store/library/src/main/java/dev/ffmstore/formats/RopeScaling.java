package dev.ffmstore.formats;

import dev.ffmstore.Model;
import dev.ffmstore.ModelException;
import dev.ffmstore.TensorForm;
import dev.ffmstore.gguf.MetadataValue;
import java.io.IOException;
import java.math.BigDecimal;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/// The value of `rope_scaling`: how rotary positions are scaled.
///
/// ```text
/// rope_freqs.weight                                  llama3, if that rule gives it: see RopeFactors
/// rope_factors_short.weight, rope_factors_long.weight   longrope: the factors themselves
/// A.rope.scaling.type                                linear or yarn, with
///   A.rope.scaling.factor                              factor
///   A.rope.scaling.original_context_length             original_max_position_embeddings
///   A.rope.scaling.yarn_beta_fast, …slow               beta_fast, beta_slow
///   A.rope.scaling.yarn_log_multiplier                 a tenth of mscale_all_dim, which mscale equals (DeepSeek)
/// ```
final class RopeScaling {
    private static final String TYPE = "rope.scaling.type";
    private static final String FACTOR = "rope.scaling.factor";

    private RopeScaling() {}

    /// {@return the value as JSON; empty if nothing is scaled}
    ///
    /// @param form which tensors are wanted: factors that are left out are not expressed
    /// @param more further members of the object as JSON, for scaling that metadata names; may be empty
    /// @throws ModelException if transformers has no such scaling
    /// @throws IOException if a tensor cannot be read
    static Optional<String> of(Model model, TensorForm form, String more) throws IOException {
        Optional<String> llama3 = RopeFactors.llama3(model, form);
        if (llama3.isPresent()) {
            return llama3;
        }
        Optional<String> longRope = RopeFactors.longRope(model, form);
        return longRope.isPresent() ? longRope : ofMetadata(model, more);
    }

    private static Optional<String> ofMetadata(Model model, String more) throws ModelException {
        String prefix = model.metadata().string("general.architecture") + ".";
        if (!(model.metadata().find(prefix + TYPE).orElse(null) instanceof MetadataValue.Text type)
                || type.value().equals("none")) {
            return Optional.empty();
        }
        boolean isYarn = type.value().equals("yarn");
        if (!isYarn && !type.value().equals("linear")) {
            throw ModelException.expected(
                    model.name(),
                    type.value().equals("longrope")
                            ? "the tensors rope_factors_short and rope_factors_long"
                            : "linear or yarn",
                    type.value(),
                    "config.json: the metadata key {}",
                    prefix + TYPE);
        }
        Map<String, String> members = new LinkedHashMap<>();
        members.put("rope_type", JsonText.quote(type.value()));
        members.put("factor", real(model, prefix + FACTOR).orElseThrow(() -> factorMissing(model, prefix + FACTOR)));
        if (model.metadata()
                        .find(prefix + "rope.scaling.original_context_length")
                        .orElse(null)
                instanceof MetadataValue.Int length) {
            members.put("original_max_position_embeddings", length.toString());
        }
        if (isYarn) {
            real(model, prefix + "rope.scaling.yarn_beta_fast").ifPresent(beta -> members.put("beta_fast", beta));
            real(model, prefix + "rope.scaling.yarn_beta_slow").ifPresent(beta -> members.put("beta_slow", beta));
            Optional<String> tenth = real(model, prefix + "rope.scaling.yarn_log_multiplier");
            tenth.map(RopeScaling::tenTimes).ifPresent(scale -> {
                members.put("mscale", scale);
                members.put("mscale_all_dim", scale);
            });
        }
        return Optional.of(members.entrySet().stream()
                .map(member -> JsonText.quote(member.getKey()) + ": " + member.getValue())
                .collect(Collectors.joining(", ", "{", (more.isEmpty() ? "" : ", " + more) + "}")));
    }

    private static String tenTimes(String number) {
        return Double.toString(new BigDecimal(number).movePointRight(1).doubleValue());
    }

    private static ModelException factorMissing(Model model, String key) {
        return ModelException.expected(
                model.name(),
                "a floating-point number",
                model.metadata().find(key).map(MetadataValue::toString).orElse("no such key"),
                "config.json needs the metadata key {}",
                key);
    }

    private static Optional<String> real(Model model, String key) {
        return model.metadata()
                .find(key)
                .flatMap(value -> value instanceof MetadataValue.Real number && Double.isFinite(number.value())
                        ? Optional.of(number.toString())
                        : Optional.empty());
    }
}
