package dev.ffmstore.bench.load;

import dev.ffmstore.DecoderChoice;
import dev.ffmstore.LoadOptions;
import dev.ffmstore.Model;
import dev.ffmstore.TensorForm;
import dev.ffmstore.TensorStore;
import dev.ffmstore.bench.run.Median;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Compares a file of many tensors with a file of the same elements in one tensor: the time to open, parse and load
/// the file, and to look up each tensor by its name. Both take turns in this process.
final class ManyTensors {
    private static final int WARM_UP_ROUNDS = 2;

    private ManyTensors() {}

    /// @param manySeconds the median for the file of many tensors
    /// @param oneSeconds the median for the file of one tensor
    record Result(double manySeconds, double oneSeconds) {}

    static Result compare(Path many, Path one, int threads, int repeat) throws IOException {
        List<String> names = names(many);
        List<Double> manySeconds = new ArrayList<>();
        List<Double> oneSeconds = new ArrayList<>();
        LoadOptions options = LoadOptions.defaults().threads(threads).decoder(DecoderChoice.VECTOR);
        for (int round = -WARM_UP_ROUNDS; round < repeat; round++) {
            double first = seconds(many, names, options);
            double second = seconds(one, List.of("all.weight"), options);
            if (round >= 0) {
                manySeconds.add(first);
                oneSeconds.add(second);
            }
        }
        return new Result(Median.of(manySeconds), Median.of(oneSeconds));
    }

    private static List<String> names(Path file) throws IOException {
        try (var parsed = Model.open(file)) {
            return parsed.tensors().stream().map(tensor -> tensor.name()).toList();
        }
    }

    private static double seconds(Path file, List<String> names, LoadOptions options) throws IOException {
        long start = System.nanoTime();
        try (TensorStore store = TensorStore.load(file, TensorForm.dense(), options)) {
            float sum = 0;
            for (String name : names) {
                sum += store.tensor(name).segment().get(ValueLayout.JAVA_FLOAT_UNALIGNED, 0);
            }
            double seconds = (System.nanoTime() - start) / 1e9;
            if (!Float.isFinite(sum)) {
                throw new IllegalStateException("expected finite first elements, got a sum of " + sum);
            }
            return seconds;
        }
    }
}
