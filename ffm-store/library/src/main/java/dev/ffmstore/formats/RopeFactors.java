package dev.ffmstore.formats;

import dev.ffmstore.DType;
import dev.ffmstore.LoadOptions;
import dev.ffmstore.NameFilter;
import dev.ffmstore.export.Constant;
import dev.ffmstore.export.ConstantReader;
import dev.ffmstore.export.ConstantSource;
import dev.ffmstore.export.Constants;
import dev.ffmstore.gguf.GgufException;
import dev.ffmstore.gguf.GgufFile;
import dev.ffmstore.gguf.Metadata;
import dev.ffmstore.gguf.MetadataValue;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Optional;

/// What `rope_freqs.weight` says in the terms of transformers.
///
/// GGUF stores by how much each rotary frequency is divided; transformers computes that from four numbers, by
/// Llama 3's rule:
///
/// ```text
/// wavelength = 2π · base^(2i/d)
/// factor_i   = 1                            if wavelength < original / high
///            = factor                       if wavelength > original / low
///            = 1 / ((1 − s) / factor + s)   between, s = (original / wavelength − low) / (high − low)
/// ```
///
/// All published models have low 1, high 4 and original 8192; the factor is the largest that is stored. If the rule
/// with these numbers gives what is stored, they are right.
final class RopeFactors {
    private static final String TENSOR = "rope_freqs.weight";
    private static final double LOW = 1;
    private static final double HIGH = 4;
    private static final double ORIGINAL = 8192;

    /// Factors are stored as floats.
    private static final double TOLERANCE = 1e-4;

    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private RopeFactors() {}

    /// {@return the value of `rope_scaling`; empty if the model has no such tensor, or the filter leaves it out}
    ///
    /// @throws GgufException if Llama 3's rule does not give what is stored
    /// @throws IOException if the tensor cannot be read
    static Optional<String> llama3(GgufFile file, LoadOptions options) throws IOException {
        List<String> names =
                file.tensors().stream().map(tensor -> tensor.name()).toList();
        if (!names.contains(TENSOR) || !options.filter().over(names).test(TENSOR)) {
            return Optional.empty();
        }
        float[] stored = read(file);
        double factor = 1;
        for (float value : stored) {
            if (value > factor) { // never a NaN
                factor = value;
            }
        }
        double base = base(file.metadata());
        for (int i = 0; i < stored.length; i++) {
            double expected = rule(base, i / (double) stored.length, factor);
            if (!(Math.abs(stored[i] - expected) <= TOLERANCE * expected)) {
                throw GgufException.of(
                        file.name(),
                        "tensor " + TENSOR + " is not what the rule llama3 of transformers gives: element " + i
                                + ": expected " + (float) expected + ", got " + stored[i]
                                + "; without the tensor (--exclude) config.json says nothing of it");
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

    private static float[] read(GgufFile file) throws IOException {
        NameFilter only = new NameFilter(List.of(TENSOR), List.of());
        ConstantSource source = Constants.of(file, LoadOptions.defaults().filter(only));
        Constant constant = source.constants().getFirst();
        if (constant.dtype() != DType.F32 || constant.byteSize() == 0) {
            throw GgufException.of(
                    file.name(),
                    "tensor " + TENSOR + ": expected elements of F32, got " + constant.shape() + " of "
                            + constant.dtype());
        }
        if (constant.byteSize() > 1 << 16) {
            throw GgufException.of(
                    file.name(), "tensor " + TENSOR + ": expected some hundred elements, got " + constant.shape());
        }
        try (ConstantReader reader = source.openReader();
                Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(constant.byteSize());
            reader.read(constant, 0, bytes);
            return bytes.toArray(F32);
        }
    }
}
