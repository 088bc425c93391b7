package example;

import dev.ffmstore.Tensor;
import dev.ffmstore.TensorStore;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;

/// Prints the first value of a tensor: `FirstValue FILE TENSOR`.
public final class FirstValue {
    private FirstValue() {}

    public static float of(Path file, String name) throws IOException {
        try (TensorStore store = TensorStore.load(file)) {
            Tensor tensor = store.tensor(name);
            return tensor.segment().get(ValueLayout.JAVA_FLOAT, 0);
        }
    }

    public static void main(String[] args) throws IOException {
        System.out.println(of(Path.of(args[0]), args[1]));
    }
}
