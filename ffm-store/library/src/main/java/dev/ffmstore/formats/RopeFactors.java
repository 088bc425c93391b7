package dev.ffmstore.formats;

import dev.ffmstore.DType;
import dev.ffmstore.Model;
import dev.ffmstore.ModelException;
import dev.ffmstore.NameFilter;
import dev.ffmstore.StoredTensor;
import dev.ffmstore.TensorForm;
import dev.ffmstore.TensorReader;
import dev.ffmstore.TensorSlot;
import dev.ffmstore.TensorSource;
import dev.ffmstore.gguf.Metadata;
import dev.ffmstore.gguf.MetadataValue;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// Expresses tensors of rotary factors in the terms of transformers: `rope_factors_short.weight` and
/// `rope_factors_long.weight` as they are, `rope_freqs.weight` by a rule.
///
/// The latter holds the number by which each rotary frequency is divided; transformers computes it from four
/// numbers, by Llama 3's rule:
///
/// ```text
/// wavelength = 2π · base^(2i/d)
/// factor_i   = 1                            if wavelength < original / high
///            = factor                       if wavelength > original / low
///            = 1 / ((1 − s) / factor + s)   between, s = (original / wavelength − low) / (high − low)
/// ```
///
/// All published models have low 1, high 4 and original 8192; the factor is the largest number that is stored. If
/// the rule with these numbers gives the stored tensor, they are right.
final class RopeFactors {
    private static final String TENSOR = "rope_freqs.weight";
    private static final double LOW = 1;
    private static final double HIGH = 4;
    private static final double ORIGINAL = 8192;

    /// How far stored factors may differ, relatively: they are rounded to floats.
    private static final double TOLERANCE = 1e-4;

    private static final String SHORT = "rope_factors_short.weight";
    private static final String LONG = "rope_factors_long.weight";

    private RopeFactors() {}

    /// {@return the value of `rope_scaling` with the factors of short and of long texts; empty if the model has no
    /// such tensors, or the filter leaves one out}
    ///
    /// @throws IOException if a tensor cannot be read
    static Optional<String> longRope(Model model, TensorForm form) throws IOException {
        if (!isWanted(SHORT, model, form) || !isWanted(LONG, model, form)) {
            return Optional.empty();
        }
        return Optional.of("{\"type\": \"longrope\", \"short_factor\": " + factors(model, SHORT) + ", \"long_factor\": "
                + factors(model, LONG) + "}");
    }

    private static String factors(Model model, String tensor) throws IOException {
        float[] factors = read(model, tensor);
        for (float factor : factors) {
            if (!Float.isFinite(factor)) {
                throw ModelException.expected(model.name(), "finite numbers", factor, "tensor {}", tensor);
            }
        }
        return Arrays.toString(factors);
    }

    private static boolean isWanted(String tensor, Model model, TensorForm form) {
        List<String> names = model.tensors().stream().map(StoredTensor::name).toList();
        return model.find(tensor).isPresent() && form.filter().over(names).test(tensor);
    }

    /// {@return the value of `rope_scaling` by Llama 3's rule; empty if the model has no such tensor, or the filter
    /// leaves it out}
    ///
    /// @throws ModelException if Llama 3's rule does not give what is stored
    /// @throws IOException if the tensor cannot be read
    static Optional<String> llama3(Model model, TensorForm form) throws IOException {
        if (!isWanted(TENSOR, model, form)) {
            return Optional.empty();
        }
        float[] stored = read(model, TENSOR);
        double factor = 1;
        for (float value : stored) {
            if (value > factor) { // never a NaN
                factor = value;
            }
        }
        double base = base(model.metadata());
        for (int i = 0; i < stored.length; i++) {
            double expected = rule(base, i / (double) stored.length, factor);
            if (!(Math.abs(stored[i] - expected) <= TOLERANCE * expected)) {
                throw ModelException.of(
                        model.name(),
                        "tensor {} is not what the rule llama3 of transformers gives: element {}: expected {}, got {};"
                                + " without the tensor (--exclude) config.json says nothing of it",
                        TENSOR,
                        i,
                        (float) expected,
                        stored[i]);
            }
        }
        return Optional.of("{\"rope_type\": \"llama3\", \"factor\": " + factor + ", \"low_freq_factor\": " + LOW
                + ", \"high_freq_factor\": " + HIGH + ", \"original_max_position_embeddings\": " + (long) ORIGINAL
                + "}");
    }

    private static double rule(double base, double exponent, double factor) {
        double wavelength = 2 * Math.PI * Math.pow(base, exponent);
        if (wavelength < ORIGINAL / HIGH) {
            return 1;
        }
        if (wavelength > ORIGINAL / LOW) {
            return factor;
        }
        double smooth = (ORIGINAL / wavelength - LOW) / (HIGH - LOW);
        return 1 / ((1 - smooth) / factor + smooth);
    }

    private static double base(Metadata metadata) {
        return metadata.find(metadata.string("general.architecture") + ".rope.freq_base")
                                .orElse(null)
                        instanceof MetadataValue.Real base
                ? base.value()
                : 10_000;
    }

    private static float[] read(Model model, String name) throws IOException {
        NameFilter only = new NameFilter(List.of(name), List.of());
        TensorSource source = TensorSource.of(model, TensorForm.dense().filter(only));
        TensorSlot tensor = source.tensor(name);
        if (tensor.dtype() != DType.F32 || tensor.byteSize() == 0) {
            throw ModelException.expected(
                    model.name(), "elements of F32", tensor.shape() + " of " + tensor.dtype(), "tensor {}", name);
        }
        if (tensor.byteSize() > 1 << 16) {
            throw ModelException.expected(model.name(), "some hundred elements", tensor.shape(), "tensor {}", name);
        }
        float[] elements = new float[(int) (tensor.byteSize() / Float.BYTES)];
        try (TensorReader reader = source.reader()) {
            reader.read(tensor, 0, MemorySegment.ofArray(elements));
        }
        return elements;
    }
}
