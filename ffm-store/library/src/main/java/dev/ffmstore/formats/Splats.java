package dev.ffmstore.formats;

import dev.ffmstore.TensorSource;
import dev.ffmstore.export.ExportOptions;
import dev.ffmstore.internal.measure.SplatScan;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;

/// The tensors of a source whose elements are all the same, bit for bit, each with that element.
///
/// Immutable.
public final class Splats {
    private static final Splats NONE = new Splats(Map.of());

    private final Map<String, byte[]> patterns;

    private Splats(Map<String, byte[]> patterns) {
        this.patterns = Map.copyOf(patterns);
    }

    /// {@return an object without any tensors}
    public static Splats none() {
        return NONE;
    }

    /// Looks for such tensors with several workers. A tensor is read up to the first element that differs.
    ///
    /// @param source the tensors to look through
    /// @param options says how many workers there are
    /// @throws java.io.InterruptedIOException if the calling thread is interrupted, whose interrupt status stays
    /// set
    /// @throws IOException if the model cannot be read
    public static Splats find(TensorSource source, ExportOptions options) throws IOException {
        return new Splats(SplatScan.run(source, options.threads()));
    }

    /// {@return the bytes of the element that a tensor repeats, in a new array; empty if its elements differ, or it
    /// has none}
    ///
    /// @param name the tensor's name
    public Optional<byte[]> pattern(String name) {
        return Optional.ofNullable(patterns.get(name)).map(byte[]::clone);
    }

    /// {@return how many such tensors there are}
    public int count() {
        return patterns.size();
    }
}
